//! Storage on PostgreSQL and SQLite, and authentication by API key.

mod queries;
mod rows;
mod schema;
mod sql_types;
