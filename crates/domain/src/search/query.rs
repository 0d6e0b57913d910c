//! Search queries.

use std::collections::BTreeSet;

use super::words::words_of;
use crate::limits::MAX_SEARCH_TERMS;

/// A word or prefix that a search must find in a ticket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchTerm {
    /// A word as [`search_words`](crate::search_words) returns it.
    pub word: String,
    /// Whether words that begin with it match too.
    pub is_prefix: bool,
}

/// A search query: one or more terms, all of which must match.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SearchQuery(BTreeSet<SearchTerm>);

/// The text is not a valid query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must hold 1 to {MAX_SEARCH_TERMS} different words")]
pub struct SearchQueryError;

impl SearchQuery {
    /// Reads a query. Its words are the terms. A word directly before a `*` is a prefix.
    ///
    /// # Errors
    /// [`SearchQueryError`] for a text without words or with more than [`MAX_SEARCH_TERMS`].
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

    /// Returns the terms, each once.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = &SearchTerm> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<(String, bool)> {
        let query = SearchQuery::parse(text).unwrap();
        query.terms().map(|term| (term.word.clone(), term.is_prefix)).collect()
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
