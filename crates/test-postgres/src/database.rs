//! A database of one test.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::cluster::Server;

/// A database of one test. Dropping the value drops the database and closes its connections.
#[derive(Debug)]
pub struct TestDatabase {
    /// The URL, over TCP and as superuser.
    pub url: String,
    /// The name in the cluster.
    pub name: String,
    /// The servers with the database, the one to connect to first.
    nodes: Vec<Server>,
}

impl TestDatabase {
    pub(crate) fn create(nodes: Vec<Server>, template: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        for node in &nodes {
            node.psql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        }
        Self::existing(nodes, &name)
    }

    pub(crate) fn existing(nodes: Vec<Server>, name: &str) -> Self {
        let url = nodes.first().map(|server| server.url(name)).unwrap_or_default();
        Self { url, name: name.to_owned(), nodes }
    }

    fn server(&self) -> &Server {
        &self.nodes[0]
    }

    /// Runs SQL in the database, as [`Cluster::psql`](crate::Cluster::psql) does.
    ///
    /// # Panics
    /// If the SQL fails.
    pub fn psql(&self, sql: &str) -> String {
        self.server().psql(&self.name, sql)
    }

    /// Copies the contents into an empty database of this or another cluster, with `pg_dump` and
    /// `psql`.
    ///
    /// # Panics
    /// If either fails.
    pub fn copy_into(&self, empty: &Self) {
        empty.server().restore(&empty.name, &self.server().dump(&self.name));
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A panic during another panic would abort the test process. If the server is stopped, the
        // database is removed with the cluster's directory.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for node in &self.nodes {
                node.psql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
            }
        }));
    }
}
