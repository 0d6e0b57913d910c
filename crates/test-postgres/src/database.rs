//! A database for one test.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::cluster::Server;

/// A database of one test's own, dropped with the value; connections that are still open
/// are cut off.
#[derive(Debug)]
pub struct TestDatabase {
    /// Its URL, by TCP and as superuser.
    pub url: String,
    /// Its name in the cluster.
    pub name: String,
    server: Server,
}

impl TestDatabase {
    pub(crate) fn create(server: Server, template: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        server.psql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Self::existing(server, &name)
    }

    pub(crate) fn existing(server: Server, name: &str) -> Self {
        Self { url: server.url(name), name: name.to_owned(), server }
    }

    /// Runs SQL in the database, as [`Cluster::psql`](crate::Cluster::psql) does.
    ///
    /// # Panics
    /// If the SQL fails.
    pub fn psql(&self, sql: &str) -> String {
        self.server.psql(&self.name, sql)
    }

    /// Fills an empty database, of this or another cluster, with what is in this one, as
    /// `pg_dump` and `psql` do.
    ///
    /// # Panics
    /// If either fails.
    pub fn copy_into(&self, empty: &Self) {
        empty.server.restore(&empty.name, &self.server.dump(&self.name));
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A panic while another unwinds would abort the test process, and a stopped
        // server has nothing to drop: what is left goes with the cluster's directory.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.server.psql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))
        }));
    }
}
