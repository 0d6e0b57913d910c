//! Search queries.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, RangeInclusive};

use super::folding::ends_in_word;
use super::phone_numbers::{self, QueryPart};
use super::words::{Run, characters, cut, each_run};
use crate::limits::{MAX_SEARCH_PREFIXES, MAX_SEARCH_TERMS};

/// A word or prefix that a search must find in a ticket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchTerm {
    /// A word as [`search_words`](crate::search_words) returns it.
    pub word: String,
    /// Whether words that begin with it match too.
    pub is_prefix: bool,
    /// Another word that counts as this one: the digits of the phone number that this word is a part
    /// of. Not a prefix.
    pub alternative: Option<String>,
}

impl SearchTerm {
    /// Returns whether these words contain the term.
    pub fn is_found_in(&self, words: &BTreeSet<String>) -> bool {
        let is_found = match self.is_prefix {
            false => words.contains(&self.word),
            // If any word begins with the term, the first word not smaller than the term does.
            true => words.range(self.word.clone()..).next().is_some_and(|word| word.starts_with(&self.word)),
        };
        is_found || self.alternative.as_ref().is_some_and(|other| words.contains(other))
    }

    /// Returns the ids of the tickets that contain the term in their id, in decimal digits: the one
    /// with these digits or, for a prefix, all ids that begin with them.
    pub fn ticket_ids(&self) -> impl Iterator<Item = RangeInclusive<i64>> {
        let is_number = !self.word.starts_with('0') && self.word.bytes().all(|byte| byte.is_ascii_digit());
        let number = self.word.parse::<i64>().ok().filter(|_| is_number);
        let first = number.map(|number| number..=number);
        let is_prefix = self.is_prefix;
        // A further digit makes ten ids of each.
        std::iter::successors(first, move |ids| {
            let start = ids.start().checked_mul(10).filter(|_| is_prefix)?;
            Some(start..=ids.end().saturating_mul(10).saturating_add(9))
        })
    }
}

/// A search query: one or more terms, all of which must match.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SearchQuery(BTreeSet<SearchTerm>);

/// The text is not a valid query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must hold a word")]
pub struct SearchQueryError;

impl SearchQuery {
    /// Reads a query. Its words are the terms. A word directly before a `*` is a prefix, and so is one
    /// character alone of a script without blanks between words. Only the first [`MAX_SEARCH_TERMS`]
    /// different terms count, and of the prefixes only the first [`MAX_SEARCH_PREFIXES`].
    ///
    /// # Errors
    /// [`SearchQueryError`] for a text without words.
    pub fn parse(text: &str) -> Result<Self, SearchQueryError> {
        let mut terms = Terms::default();
        let mut parts = text.split('*').peekable();
        while let Some(part) = parts.next() {
            let is_before_star = parts.peek().is_some() && ends_in_word(part);
            let mut pieces = phone_numbers::split(part).into_iter().peekable();
            while let Some(QueryPart { text, phone_number }) = pieces.next() {
                let is_last = pieces.peek().is_none();
                terms.add(text, phone_number.as_deref(), is_before_star && is_last);
            }
        }
        if terms.0.is_empty() { Err(SearchQueryError) } else { Ok(Self(terms.0)) }
    }

    /// Returns the terms, each once.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = &SearchTerm> {
        self.0.iter()
    }
}

/// The terms read so far.
#[derive(Debug, Default)]
struct Terms(BTreeSet<SearchTerm>);

impl Terms {
    /// Adds the words of a part of the query.
    fn add(&mut self, text: &str, phone_number: Option<&str>, is_before_star: bool) {
        let mut last = None;
        // Never breaks: a query is short.
        let _ = each_run(text, &mut |run| {
            if let Some((word, is_prefix)) = last.take() {
                self.add_term(word, is_prefix, phone_number);
            }
            match run {
                Run::Word(word) => last = Some((word.into_owned(), false)),
                Run::Unspaced(run) => {
                    let characters: Vec<_> = characters(run).collect();
                    if let [(_, alone)] = characters[..] {
                        last = Some((cut(alone).to_owned(), true));
                    }
                    for pair in characters.windows(2) {
                        if let [(start, one), (_, other)] = pair {
                            let pair = &run[*start..start + one.len() + other.len()];
                            self.add_term(cut(pair).to_owned(), false, None);
                        }
                    }
                }
            }
            ControlFlow::Continue(())
        });
        if let Some((word, is_prefix)) = last {
            self.add_term(word, is_prefix || is_before_star, phone_number);
        }
    }

    fn add_term(&mut self, word: String, is_prefix: bool, phone_number: Option<&str>) {
        let alternative = phone_number.filter(|number| *number != word).map(ToOwned::to_owned);
        let has_room = self.0.len() < MAX_SEARCH_TERMS
            && (!is_prefix || self.0.iter().filter(|term| term.is_prefix).count() < MAX_SEARCH_PREFIXES);
        if has_room {
            self.0.insert(SearchTerm { word, is_prefix, alternative });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        let query = SearchQuery::parse(text).unwrap();
        let term = |SearchTerm { word, is_prefix, alternative }: &SearchTerm| {
            let alternative = alternative.as_ref().map(|other| format!("|{other}")).unwrap_or_default();
            format!("{word}{}{alternative}", if *is_prefix { "*" } else { "" })
        };
        query.terms().map(term).collect()
    }

    #[test]
    fn a_query_is_its_words() {
        assert_eq!(terms("Refund refund ada"), ["ada", "refund"]);
        assert_eq!(terms("ref* Lovel*ace"), ["ace", "lovel*", "ref*"]);
        assert_eq!(terms("a@b.c*"), ["a", "b", "c*"]);
        assert_eq!(terms("ref * crème* łó*"), ["creme*", "lo*", "ref"]);
        assert_eq!(terms("12№* ²*"), ["12", "2*"]);
        for none in ["", " ", "*", "…", "🦀*", "№", "\u{301}*"] {
            assert_eq!(SearchQuery::parse(none), Err(SearchQueryError), "{none:?}");
        }
    }

    #[test]
    fn scripts_without_blanks_are_searched_by_pairs() {
        assert_eq!(terms("東京都"), ["京都", "東京"]);
        assert_eq!(terms("東京都*"), ["京都", "東京"]);
        assert_eq!(terms("京"), ["京*"]);
        assert_eq!(terms("iPhone手机* 第12号"), ["12", "iphone", "号*", "手机", "第*"]);
        assert_eq!(terms("한국 어"), ["어*", "한국"]);
        assert_eq!(terms("คืน"), ["คืน"]);
    }

    #[test]
    fn what_is_beyond_the_limits_is_left_out() {
        let many = |count: usize, star: &str| {
            (0..count).map(|number| format!("w{number}{star}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(terms(&many(MAX_SEARCH_TERMS + 1, "")).len(), MAX_SEARCH_TERMS);
        assert_eq!(terms(&many(MAX_SEARCH_TERMS, "")), terms(&many(100, "")));
        let prefixes = terms(&(many(20, "*") + " one two"));
        assert_eq!(prefixes.len(), MAX_SEARCH_PREFIXES + 2);
        assert!(prefixes.iter().all(|term| !term.starts_with("w8")), "{prefixes:?}");
    }

    #[test]
    fn the_parts_of_a_phone_number_are_found_as_one_number_too() {
        assert_eq!(terms("+33 6 123"), ["123", "33", "6"]);
        let number = "33612340008";
        let expected: Vec<_> =
            ["00", "08", "12", "33", "34", "6"].map(|part| format!("{part}|{number}")).into();
        assert_eq!(terms("+33 6 12 34 00 08"), expected);
        assert_eq!(terms("0033612340008"), [format!("0033612340008|{number}")]);
        assert_eq!(terms("+33612340008"), [number]);
    }

    #[test]
    fn digits_are_ids_of_tickets() {
        let ids = |text: &str| {
            let query = SearchQuery::parse(text).unwrap();
            query.terms().flat_map(|term| term.ticket_ids().collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert_eq!(ids("77"), [77..=77]);
        assert_eq!(ids("7*").len(), 19);
        assert_eq!(ids("7*")[..3], [7..=7, 70..=79, 700..=799]);
        assert_eq!(ids("9*").last(), Some(&(9_000_000_000_000_000_000..=i64::MAX)));
        assert_eq!(ids("93*").last(), Some(&(930_000_000_000_000_000..=939_999_999_999_999_999)));
        assert_eq!(ids("9223372036854775807"), [i64::MAX..=i64::MAX]);
        for none in ["a", "7a", "07", "0", "9223372036854775808", "99999999999999999999"] {
            assert_eq!(ids(none), [], "{none}");
        }
    }
}
