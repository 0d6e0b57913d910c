//! Search: queries, and the words by which they find tickets.

mod attachments;
mod documents;
mod folding;
mod html;
mod letters;
mod phone_numbers;
mod query;
mod words;

pub use documents::message_words;
pub(crate) use folding::digit;
pub use html::readable_text;
pub use query::{SearchQuery, SearchQueryError, SearchTerm};
pub use words::search_words;
