//! Texts with a format: times, ids, keys, names, queries.

use actix_web::http::header::{self, HeaderValue};
use actix_web::test::TestRequest;
use hexdesk_adapters::{KeyId, KeyText, PresentedKey};
use hexdesk_domain::limits::{MAX_SEARCH_TERMS, MAX_SEARCH_WORD_CHARS};
use hexdesk_domain::{IdempotencyKey, Scope, SearchQuery, ShopDomain, Timestamp, search_words};

use super::MARK;
use crate::entity_tag::IfMatch;
use crate::idempotency::StoredResponse;
use crate::{entity_tag, wire_id};

/// The first byte of an input, from `'0'`, selects one of these.
const READERS: [fn(&str); 8] =
    [timestamp, number, search, api_key, shop_domain, idempotency_key, entity_tag, stored_answer];

/// Reads a text. Displaying the value and reading it again gives the same value.
pub fn text(input: &[u8]) {
    let Some((reader, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    READERS[usize::from(reader.wrapping_sub(b'0')) % READERS.len()](text);
}

fn timestamp(text: &str) {
    let Ok(time) = Timestamp::parse(text) else { return };
    assert!((Timestamp::MIN..=Timestamp::MAX).contains(&time));
    let shown = time.to_string();
    assert_eq!(shown.len(), "2026-04-28T00:00:00.000Z".len(), "{shown}");
    assert_eq!(Timestamp::parse(&shown), Ok(time));
}

fn number(text: &str) {
    if let Some(number) = wire_id::parse(text) {
        let digits = text.trim_start_matches('0');
        assert_eq!(number.to_string(), if digits.is_empty() { "0" } else { digits });
    }
}

/// Checks that every word of a text is a query that finds it, and that the text finds itself.
fn search(text: &str) {
    let words = search_words([text]);
    for word in &words {
        assert!((1..=MAX_SEARCH_WORD_CHARS).contains(&word.chars().count()), "{word:?}");
        assert!(
            !word.contains(|letter: char| letter.is_ascii() && !letter.is_ascii_alphanumeric()),
            "{word:?}"
        );
        let query = SearchQuery::parse(word).unwrap();
        assert!(query.terms().all(|term| term.is_found_in(&words)), "{word:?} is looked for as {query:?}");
    }
    match SearchQuery::parse(text) {
        Ok(query) => {
            assert!((1..=MAX_SEARCH_TERMS).contains(&query.terms().len()));
            for term in query.terms() {
                assert!(term.is_found_in(&words) || text.contains('*'), "{term:?} of {text:?}");
            }
        }
        Err(_) => assert!(words.is_empty() || text.contains('*'), "{text:?}"),
    }
}

fn api_key(text: &str) {
    if let Ok(id) = text.parse::<KeyId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(scope) = text.parse::<Scope>() {
        assert_eq!(scope.as_str(), text);
    }
    let Ok(key) = PresentedKey::parse(text) else { return };
    let secret = text.strip_prefix(&KeyText::beginning(key.id())).unwrap();
    assert_eq!(secret.len(), 43);
    assert!(!format!("{key:?}").contains(secret));
}

fn shop_domain(text: &str) {
    let Ok(domain) = ShopDomain::parse(text) else { return };
    assert!(domain.as_str().eq_ignore_ascii_case(text));
    assert_eq!(ShopDomain::parse(domain.as_str()), Ok(domain));
}

fn idempotency_key(text: &str) {
    if let Ok(key) = IdempotencyKey::parse(text) {
        assert_eq!(key.as_str(), text);
    }
}

fn entity_tag(text: &str) {
    let Ok(value) = HeaderValue::from_str(text) else { return };
    let request = TestRequest::default().append_header((header::IF_MATCH, value)).to_http_request();
    match IfMatch::of(&request) {
        Ok(IfMatch::OneOf(versions)) => {
            for version in versions.into_iter().filter(|version| *version != 0) {
                assert!(text.contains(&entity_tag::of_version(version)), "{text:?}");
            }
        }
        Ok(IfMatch::Any) => assert_eq!(text.trim(), "*"),
        Err(problem) => assert!(!text.contains(MARK) || !problem.to_string().contains(MARK)),
    }
}

fn stored_answer(text: &str) {
    let Ok(answer) = StoredResponse::from_receipt(text.as_bytes()) else { return };
    let receipt = answer.clone().into_receipt(None);
    assert_eq!(StoredResponse::from_receipt(&receipt.response), Ok(answer));
}
