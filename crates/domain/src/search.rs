//! What a search looks for, and what the words of a text are. Both are settled here, so
//! that every store finds the same.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::limits::{MAX_SEARCH_TERMS, MAX_SEARCH_WORD_CHARS, MAX_SEARCH_WORDS};

/// The different words of texts, in no matter what language: in lower case, without
/// accents, each of letters and digits only and cut at [`MAX_SEARCH_WORD_CHARS`]. Of more
/// than [`MAX_SEARCH_WORDS`] the first ones. Of scripts that do not space their words, such
/// as Chinese, each character is a word.
pub fn search_words<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for text in texts {
        for word in words_of(text) {
            if words.len() == MAX_SEARCH_WORDS {
                return words;
            }
            words.insert(word);
        }
    }
    words
}

/// The words of a text, in order.
fn words_of(text: &str) -> Vec<String> {
    if text.is_ascii() { words_of_ascii(text) } else { words_of_unicode(text) }
}

/// The same in a tenth of the time. Nothing in ASCII has accents, and no two of its letters and
/// digits belong to different words.
fn words_of_ascii(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.chars().take(MAX_SEARCH_WORD_CHARS).map(|letter| letter.to_ascii_lowercase()).collect()
        })
        .collect()
}

fn words_of_unicode(text: &str) -> Vec<String> {
    let letters = text.nfkd().filter(|letter| !is_accent(*letter)).flat_map(char::to_lowercase);
    // The one lower-case letter that is written in two ways.
    let folded: String = letters.map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect();
    folded
        .unicode_words()
        // What Unicode takes for one word, like an address, is looked for by its parts too.
        .flat_map(|word| word.split(|letter: char| !letter.is_alphanumeric()))
        // A part may begin with a mark whose letter is in no part. It is a word of its own,
        // as it is when the part is looked for by itself.
        .flat_map(UnicodeSegmentation::unicode_words)
        .map(|word| word.chars().take(MAX_SEARCH_WORD_CHARS).collect())
        .collect()
}

/// The marks that decomposed Latin, Greek and Cyrillic letters carry.
fn is_accent(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

/// One thing that a ticket must hold to be found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchTerm {
    /// A word as [`search_words`] makes them.
    pub word: String,
    /// Whether words that begin with it are meant as well.
    pub is_prefix: bool,
}

/// What is searched for: every term, of which there is one at least.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SearchQuery(BTreeSet<SearchTerm>);

/// The text cannot be searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must hold 1 to {MAX_SEARCH_TERMS} different words")]
pub struct SearchQueryError;

impl SearchQuery {
    /// Reads a query: its words are the terms, and one right before a `*` is a prefix.
    ///
    /// # Errors
    /// [`SearchQueryError`] for a text without words, or of more than [`MAX_SEARCH_TERMS`].
    pub fn parse(text: &str) -> Result<Self, SearchQueryError> {
        let mut terms = BTreeSet::new();
        let mut parts = text.split('*').peekable();
        while let Some(part) = parts.next() {
            let is_before_star =
                parts.peek().is_some() && part.chars().last().is_some_and(char::is_alphanumeric);
            let mut words = words_of(part);
            if is_before_star && let Some(word) = words.pop() {
                terms.insert(SearchTerm { word, is_prefix: true });
            }
            terms.extend(words.into_iter().map(|word| SearchTerm { word, is_prefix: false }));
            if terms.len() > MAX_SEARCH_TERMS {
                return Err(SearchQueryError);
            }
        }
        if terms.is_empty() { Err(SearchQueryError) } else { Ok(Self(terms)) }
    }

    /// The terms, each once.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = &SearchTerm> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        words_of(text)
    }

    fn terms(text: &str) -> Vec<(String, bool)> {
        let query = SearchQuery::parse(text).unwrap();
        query.terms().map(|term| (term.word.clone(), term.is_prefix)).collect()
    }

    #[test]
    fn words_are_folded_letters_and_digits() {
        assert_eq!(words("Où est MON colis nº42 ?"), ["ou", "est", "mon", "colis", "no42"]);
        assert_eq!(words("Ada.Lovelace@example.com"), ["ada", "lovelace", "example", "com"]);
        assert_eq!(words("+33 1-23"), ["33", "1", "23"]);
        assert_eq!(words("don't"), ["don", "t"]);
        assert_eq!(words("_\u{739}2w"), words("\u{739}2w"));
        assert_eq!(words("Straße ÄÖÜ"), ["straße", "aou"]);
        assert_eq!(words("ΟΔΟΣ"), words("οδός"));
        assert_eq!(words("ﬁne Ⅻ"), ["fine", "xii"]);
        assert_eq!(words("返金してください")[..2], ["返", "金"]);
        assert_eq!(words(" \u{0} -- … 🦀"), Vec::<String>::new());
        assert_eq!(words(&"x".repeat(1_000)), ["x".repeat(MAX_SEARCH_WORD_CHARS)]);
    }

    #[test]
    fn ascii_has_the_words_that_unicode_finds() {
        let around = ["", "a", "Z", "7", "a ", " 7", ".", "'a", "7,", "_", "\r\n"];
        for letter in (0..128_u8).map(char::from) {
            for before in around {
                for after in around {
                    let text = format!("{before}{letter}{after}");
                    assert_eq!(words_of_ascii(&text), words_of_unicode(&text), "{text:?}");
                }
            }
        }
        let long = "Xy3".repeat(100);
        assert_eq!(words_of_ascii(&long), words_of_unicode(&long));
    }

    #[test]
    fn the_same_text_composed_or_not_has_the_same_words() {
        assert_eq!(words("caf\u{e9} Йод 한국어"), words("cafe\u{301} Йод \u{1112}\u{1161}\u{11ab}국어"));
    }

    #[test]
    fn endless_texts_are_cut() {
        let text: Vec<String> = (0..MAX_SEARCH_WORDS + 10).map(|number| number.to_string()).collect();
        assert_eq!(search_words([text.join(" ").as_str(), "late"]).len(), MAX_SEARCH_WORDS);
    }

    #[test]
    fn a_query_is_its_words() {
        assert_eq!(terms("Refund refund ada"), [("ada".into(), false), ("refund".into(), false)]);
        assert_eq!(
            terms("ref* Lovel*ace"),
            [("ace".into(), false), ("lovel".into(), true), ("ref".into(), true)]
        );
        assert_eq!(terms("a@b.c*"), [("a".into(), false), ("b".into(), false), ("c".into(), true)]);
        assert_eq!(terms("ref *"), [("ref".into(), false)]);
        for none in ["", " ", "*", "…", "🦀*"] {
            assert_eq!(SearchQuery::parse(none), Err(SearchQueryError), "{none:?}");
        }
        let many = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
        assert_eq!(terms(&many(MAX_SEARCH_TERMS)).len(), MAX_SEARCH_TERMS);
        assert_eq!(SearchQuery::parse(&many(MAX_SEARCH_TERMS + 1)), Err(SearchQueryError));
    }
}
