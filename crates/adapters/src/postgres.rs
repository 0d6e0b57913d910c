//! Storage in a PostgreSQL database.
//!
//! An operation is a closure that gets a connection of the pool. It runs in its own task
//! ([`connection`]), so it completes even if its caller is dropped. A read is one statement. A
//! write is one transaction or one statement, and appends its events in it. Several servers may use
//! the same database. So keys and locks of the database prevent duplicates, never a check before
//! the write.

mod api_keys;
mod archive;
mod comments;
mod connection;
mod counters;
mod credentials;
mod customers;
mod deletions;
mod deliveries;
mod diagnosis;
mod distribution;
mod errors;
mod events;
mod figures;
mod id_ranges;
mod idempotency;
mod layout;
mod migrations;
mod pages;
mod prepared;
mod record_key;
mod retention;
mod saved_replies;
mod search;
mod sessions;
mod shops;
mod tickets;
mod unnest;
mod users;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use crate::group_commit::Batches;
pub use connection::{ConnectError, PostgresUrlError};
use connection::{Connections, Connector};
pub(crate) use diagnosis::diagnose;
use layout::Layout;
pub use migrations::MigrateError;
use search::pending_lists::PendingListCleaner;

/// The options of a PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The maximum number of connections. At least 1; 8 by default.
    pub max_connections: u32,
    /// The delay between a write and the background task that moves new words into the search
    /// indexes. The task uses one of the connections. The account must own the tables. With `None`,
    /// the server moves the words itself, during a write, once there are many. 200 ms by default.
    pub pending_list_cleanup: Option<Duration>,
    /// Whether the database is distributed by shop, so that each statement must name the shop of its
    /// rows, and batches are written shop by shop. With `None`, the default, it is distributed if the
    /// extension `citus` is installed.
    pub is_distributed: Option<bool>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            max_connections: 8,
            pending_list_cleanup: Some(Duration::from_millis(200)),
            is_distributed: None,
        }
    }
}

/// A PostgreSQL database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PostgresOpenError {
    /// The URL is invalid, or a file that it names is unusable.
    #[error(transparent)]
    Url(#[from] PostgresUrlError),
    /// No server accepted a connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

/// Storage in a PostgreSQL database. Acknowledged writes are as safe as the server's `fsync` and
/// `synchronous_commit` make them.
#[derive(Clone)]
pub struct PostgresStorage {
    connections: Connections,
    layout: Layout,
    _pending_list_cleaner: Option<Arc<PendingListCleaner>>,
}

impl PostgresStorage {
    /// Connects to the database at `url`, with the default options. Must be called on the tokio
    /// runtime on which the storage runs.
    ///
    /// The URL has the format of libpq. Of several hosts, the first one that responds in time and
    /// is writable is used, unless `target_session_attrs` says otherwise. `sslmode` is `disable`,
    /// `prefer` (the default), `require`, `verify-ca` or `verify-full`. `sslrootcert` is a PEM file
    /// or `system`. Settings of the session go into `options`, such as `-c statement_timeout=30s`.
    /// A connection pooler must keep sessions, as PgBouncer does with `pool_mode=session`.
    ///
    /// # Errors
    /// [`PostgresOpenError`]; no message repeats the URL.
    pub async fn connect(url: &str) -> Result<Self, PostgresOpenError> {
        Self::connect_with(url, &PostgresOptions::default()).await
    }

    /// How a server writes concurrent creations together.
    pub fn batches(&self) -> Batches {
        match self.layout {
            Layout::OneServer => Batches::OfAllShops,
            Layout::ByShop => Batches::OfOneShop,
        }
    }

    /// [`Self::connect`] with other options.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_with(url: &str, options: &PostgresOptions) -> Result<Self, PostgresOpenError> {
        let connector = Connector::new(url)?;
        let connections = Connections::open(connector, options.max_connections.max(1)).await?;
        let layout = match options.is_distributed.unwrap_or(connections.has_citus()) {
            true => Layout::ByShop,
            false => Layout::OneServer,
        };
        // On other nodes, autovacuum moves the words.
        let delay = options.pending_list_cleanup.filter(|_| !connections.has_citus());
        let cleaner = delay.map(|delay| PendingListCleaner::start(connections.clone(), delay));
        Ok(Self { connections, layout, _pending_list_cleaner: cleaner.map(Arc::new) })
    }
}

impl std::fmt::Debug for PostgresStorage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PostgresStorage").finish_non_exhaustive()
    }
}
