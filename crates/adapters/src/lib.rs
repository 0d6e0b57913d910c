//! Storage on PostgreSQL and SQLite, and authentication by API key.

mod postgres;
mod queries;
mod rows;
#[doc(hidden)]
pub mod schema;
mod sql_types;

pub use postgres::{
    ConnectError, MigrateError, PostgresOpenError, PostgresOptions, PostgresStorage, PostgresUrlError,
};
