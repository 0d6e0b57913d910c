//! An outage of PostgreSQL under load.

use hexdesk_test_postgres::Cluster;

use super::{Load, until};
use crate::harness::Server;

/// Stops the PostgreSQL of these servers, and starts it again. In odd rounds the outage is shorter
/// than requests wait for a connection.
pub(crate) fn outage(cluster: &Cluster, stop: fn(&Cluster), servers: &[&Server], load: &Load, round: usize) {
    load.acknowledge_more();
    let refused = load.refused();
    let is_long = round.is_multiple_of(2);
    // With Citus, other nodes commit.
    if is_long && cluster.workers().is_empty() {
        hold_back_commits(cluster);
    }
    stop(cluster);
    if is_long {
        for server in servers {
            until("the server is not ready", || !server.is_ready());
            assert_eq!(server.send("GET", "/livez", &[], b"").status, 200);
        }
        until("a ticket is refused", || load.refused() > refused);
    }
    cluster.start();
    for server in servers {
        until("the server is ready", || server.is_ready());
    }
    load.acknowledge_more();
}

/// Waits for a commit that is on disk but not reported to its client: the cluster waits for a
/// standby that does not exist. A restart ends this.
fn hold_back_commits(cluster: &Cluster) {
    cluster.psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    cluster.psql("postgres", "SELECT pg_reload_conf()");
    until("a commit is held back", || {
        cluster.psql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != "0"
    });
    cluster.psql("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
}

/// A cluster that flushes every commit and recovers fast. These tests crash PostgreSQL, not the
/// machine, so recovery need not flush every file again.
pub(crate) fn durable_cluster() -> Cluster {
    Cluster::builder().durable().setting("recovery_init_sync_method", "syncfs").start()
}
