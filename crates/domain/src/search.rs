//! Search: queries, and the words of a text.

mod query;
mod words;

pub use query::{SearchQuery, SearchQueryError, SearchTerm};
pub use words::search_words;
