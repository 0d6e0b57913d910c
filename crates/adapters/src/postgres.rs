//! Storage in a PostgreSQL database.
//!
//! An operation is a closure that is handed a connection of the pool and runs as a task
//! of its own ([`connection`]): its caller may go away at any time without cutting it short.
//! A read is one statement; a write is one transaction, or one statement that is, and
//! appends its events there. Several servers may use the same database, so whatever must not
//! happen twice is kept out by a key or a lock of the database, never by looking first.

mod api_keys;
mod comments;
mod connection;
mod customers;
mod deletions;
mod diagnosis;
mod errors;
mod events;
mod id_ranges;
mod idempotency;
mod migrations;
mod prepared;
mod record_key;
mod retention;
mod search;
mod shops;
mod tickets;
mod unnest;
mod users;

use std::sync::Arc;
use std::time::Duration;

pub use connection::{ConnectError, PostgresUrlError};
use connection::{Connections, Connector};
pub(crate) use diagnosis::diagnose;
pub use migrations::MigrateError;
use search::pending_lists::PendingListCleaner;

/// How a PostgreSQL database is used.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// How many connections there may be at the same time. At least 1; 8 by default.
    pub max_connections: u32,
    /// How long after a write the new words are brought into the indexes that searches use, on
    /// one of the connections; nothing waits for it. The account must own the tables. `None`
    /// leaves it to the server, which has a write do it once there are many. 200 ms
    /// by default.
    pub pending_list_cleanup: Option<Duration>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { max_connections: 8, pending_list_cleanup: Some(Duration::from_millis(200)) }
    }
}

/// A PostgreSQL database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PostgresOpenError {
    /// The URL, or a file that it names.
    #[error(transparent)]
    Url(#[from] PostgresUrlError),
    /// The server.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

/// Storage in a PostgreSQL database. What it has acknowledged is as safe as the server's
/// `fsync` and `synchronous_commit` make it.
#[derive(Clone)]
pub struct PostgresStorage {
    connections: Connections,
    _pending_list_cleaner: Option<Arc<PendingListCleaner>>,
}

impl PostgresStorage {
    /// Connects to the database at `url`, with the default options. Must be called on
    /// the tokio runtime on which the storage is to do its work.
    ///
    /// The URL is libpq's. Of several hosts the first is taken that answers in time and can be
    /// written to, unless `target_session_attrs` asks for something else; `sslmode` is `disable`, `prefer` (the default), `require`, `verify-ca` or
    /// `verify-full`, and `sslrootcert` a PEM file or `system`. Settings of the session
    /// go into `options`, such as `-c statement_timeout=30s`. A pooler between here and
    /// the server has to keep sessions together, as PgBouncer does with
    /// `pool_mode=session`.
    ///
    /// # Errors
    /// [`PostgresOpenError`]; no message repeats the URL.
    pub async fn connect(url: &str) -> Result<Self, PostgresOpenError> {
        Self::connect_with(url, &PostgresOptions::default()).await
    }

    /// [`Self::connect`] with other options.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_with(url: &str, options: &PostgresOptions) -> Result<Self, PostgresOpenError> {
        let connector = Connector::new(url)?;
        let connections = Connections::open(connector, options.max_connections.max(1)).await?;
        let cleaner =
            options.pending_list_cleanup.map(|delay| PendingListCleaner::start(connections.clone(), delay));
        Ok(Self { connections, _pending_list_cleaner: cleaner.map(Arc::new) })
    }
}

impl std::fmt::Debug for PostgresStorage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PostgresStorage").finish_non_exhaustive()
    }
}
