//! Storage on PostgreSQL and SQLite, and authentication by API key.

mod queries;
mod rows;
#[doc(hidden)]
pub mod schema;
mod sql_types;
mod sqlite;

pub use sqlite::{SqliteOpenError, SqliteOptions, SqliteStorage};
