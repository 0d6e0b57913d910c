//! Temporary PostgreSQL clusters for tests.
//!
//! [`cluster`] is one server for each test process. The first call starts it. It stops, and its
//! directory is removed, when the process ends, even by SIGKILL. Each test creates its own database
//! with [`Cluster::database`]:
//!
//! ```no_run
//! let database = hexdesk_test_postgres::cluster().database("helpdesk", |url| {
//!     // Create the tables in the database at `url`. Runs once in each process.
//! });
//! // Connect to `database.url`. The database is dropped with the value.
//! ```
//!
//! A test with its own settings, or one that stops or kills the server, creates a cluster with
//! [`Cluster::builder`].
//!
//! If the environment variable `HEXDESK_CITUS_PG` names a PostgreSQL installation with the extension
//! Citus, each cluster is a coordinator with two workers, and databases are on all of them.
//!
//! Errors panic and say what to do. A test without its database fails; it is never skipped.

#![allow(clippy::panic, reason = "a test without its database must fail")]

mod account;
mod binaries;
mod citus;
mod cluster;
mod database;
mod directory;
mod standby;

use std::sync::OnceLock;

pub use citus::is_used as uses_citus;
pub use cluster::{Cluster, ClusterBuilder};
pub use database::TestDatabase;

/// The cluster of this test process, with the settings of [`Cluster::builder`].
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::builder().start())
}
