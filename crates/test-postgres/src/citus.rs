//! Clusters of a coordinator and two workers, with the extension Citus.

use std::path::PathBuf;

use crate::cluster::{Cluster, ClusterBuilder, Server};

/// Names the installation.
pub(crate) const VARIABLE: &str = "HEXDESK_CITUS_PG";

const WORKERS: usize = 2;

/// Settings of every node.
const SETTINGS: &[(&str, &str)] = &[
    ("shared_preload_libraries", "citus"),
    ("max_prepared_transactions", "400"),
    // Each database has a process of Citus.
    ("max_worker_processes", "400"),
    // Shards are moved by logical replication.
    ("wal_level", "logical"),
    ("citus.shard_count", "8"),
    // Without it, Citus turns TLS on with a certificate that clients refuse.
    ("citus.node_conninfo", "sslmode=prefer"),
    ("citus.enable_statistics_collection", "off"),
];

/// The PostgreSQL installation with Citus, if tests should use it.
pub(crate) fn installation() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Whether clusters have the extension Citus.
pub fn is_used() -> bool {
    installation().is_some()
}

impl ClusterBuilder {
    /// Adds the settings of a node.
    pub(crate) fn with_citus(self) -> Self {
        SETTINGS.iter().fold(self, |builder, (name, value)| builder.setting(name, value))
    }
}

/// Starts the workers of a coordinator.
pub(crate) fn start_workers(node: &ClusterBuilder) -> Vec<Cluster> {
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(|| node.clone().start_alone())).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| panic!("no worker"))).collect()
    })
}

/// Makes a database of the coordinator, which is the first of the nodes, one of all of them.
pub(crate) fn connect_nodes(nodes: &[Server], database: &str) {
    for node in nodes {
        node.psql(database, "CREATE EXTENSION citus");
    }
    let [coordinator, workers @ ..] = nodes else { return };
    let mut connect = format!("SELECT citus_set_coordinator_host('127.0.0.1', {})", coordinator.port);
    for worker in workers {
        connect += &format!("; SELECT citus_add_node('127.0.0.1', {})", worker.port);
    }
    coordinator.psql(database, &connect);
}

/// Ends the processes of Citus in a template database, which would prevent copying it.
pub(crate) fn close(nodes: &[Server], template: &str) {
    for node in nodes {
        node.psql("postgres", &format!("ALTER DATABASE {template} WITH ALLOW_CONNECTIONS false"));
        let end = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = ";
        node.psql("postgres", &format!("{end}'{template}'"));
    }
}
