//! Private, throw-away PostgreSQL clusters for tests.
//!
//! [`cluster`] is one server for each test process, started when first asked for and
//! gone, with its directory, when the process ends, however it ends. Each test takes a
//! database of its own from it with [`Cluster::database`]:
//!
//! ```no_run
//! let database = hexdesk_test_postgres::cluster().database("helpdesk", |url| {
//!     // Create the tables in the database at `url`. Runs once in each process.
//! });
//! // Connect to `database.url`. The database is dropped with the value.
//! ```
//!
//! A test that needs settings of its own, or stops and kills the server, builds one with
//! [`Cluster::builder`].
//!
//! Whatever goes wrong panics and says what to do: a test without its database fails, it
//! is never skipped.

#![allow(clippy::panic, reason = "a test without its database must fail, loudly")]

mod account;
mod binaries;
mod cluster;
mod database;
mod directory;
mod standby;

use std::sync::OnceLock;

pub use cluster::{Cluster, ClusterBuilder};
pub use database::TestDatabase;

/// The cluster of this test process, with the settings of [`Cluster::builder`].
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::builder().start())
}
