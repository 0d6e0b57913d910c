//! Storage on PostgreSQL and SQLite, authentication by API key, and parts for any storage: fair
//! reads, group commit, wake-ups, the clock and ranges of ticket ids.
//!
//! | cargo feature | includes |
//! | --- | --- |
//! | `passwords` (default) | [`Argon2Hasher`], which hashes passwords |
//! | `postgres` (default) | [`PostgresStorage`] and its driver |
//! | `secrets` (default) | [`FileSealer`], which seals secrets |
//! | `sqlite` (default) | [`SqliteStorage`] and SQLite itself |

mod authentication;
mod clock;
mod database_url;
mod diagnosis;
mod fair_queue;
mod fair_reads;
mod finding;
mod group_commit;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "secrets")]
mod secrets;
mod sign_in;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod wake_ups;

pub use authentication::{
    ApiKeyAuthenticator, IssueKeyError, KeyId, KeyIdError, KeyRequest, KeySecret, KeyText, PresentedKey,
    PresentedKeyError, issue_key, rotate_key,
};
pub use clock::SystemClock;
pub use database_url::{DatabaseUrl, DatabaseUrlError};
pub use diagnosis::diagnose;
pub use fair_reads::FairReads;
pub use finding::{Finding, Severity};
pub use group_commit::{Batches, GroupCommit};
pub use open::{OpenError, OpenedStorage, distribute, open};
#[cfg(feature = "postgres")]
pub use postgres::{
    ConnectError, MigrateError, PostgresOpenError, PostgresOptions, PostgresStorage, PostgresUrlError,
};
#[cfg(feature = "secrets")]
pub use secrets::{FileSealer, SecretKeyFileError, secret_key_file_beside};
#[cfg(feature = "passwords")]
pub use sign_in::Argon2Hasher;
pub use sign_in::RandomTokens;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[doc(hidden)]
pub use sql::schema;
#[cfg(feature = "sqlite")]
pub use sqlite::{
    SqliteBackupError, SqliteContents, SqliteOpenError, SqliteOptions, SqliteRestoreError, SqliteRestored,
    SqliteStorage, SqliteUnusable, back_up, restore,
};
pub use wake_ups::{LogWakeUps, WakingStorage};
