//! Storage on PostgreSQL and SQLite, and authentication by API key.

mod authentication;
mod changesets;
mod clock;
mod database_url;
mod diagnosis;
mod event_rows;
mod group_commit;
mod id_ranges;
mod migration_state;
mod page;
mod postgres;
mod queries;
mod rows;
#[doc(hidden)]
pub mod schema;
mod sql_types;
mod sqlite;
mod statement_log;

pub use authentication::{
    ApiKeyAuthenticator, IssueKeyError, KeyId, KeyIdError, KeyRequest, KeySecret, KeyText, PresentedKey,
    PresentedKeyError, issue_key, rotate_key,
};
pub use clock::SystemClock;
pub use database_url::{DatabaseUrl, DatabaseUrlError, OpenError, OpenedStorage, open};
pub use diagnosis::{Finding, Severity, diagnose};
pub use group_commit::GroupCommit;
pub use postgres::{
    ConnectError, MigrateError, PostgresOpenError, PostgresOptions, PostgresStorage, PostgresUrlError,
};
pub use sqlite::{
    SqliteBackupError, SqliteContents, SqliteOpenError, SqliteOptions, SqliteRestoreError, SqliteRestored,
    SqliteStorage, SqliteUnusable, back_up, restore,
};
