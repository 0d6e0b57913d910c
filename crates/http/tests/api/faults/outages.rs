//! PostgreSQL goes away under load and comes back. The server of Hexdesk stays.

use hexdesk_test_postgres::Cluster;
use rustix::process::Signal;

use super::load::Load;
use super::recovery::until;
use super::rounds;
use crate::harness::{Database, Server, send_signal};

/// How many tickets are acknowledged before PostgreSQL goes away, and after it is back.
const ACKNOWLEDGED_PER_PHASE: usize = 200;

#[test]
fn what_was_acknowledged_outlives_a_kill_of_postgresql() {
    outlives("SIGKILL of PostgreSQL", Cluster::kill);
}

#[test]
fn what_was_acknowledged_outlives_an_immediate_shutdown_of_postgresql() {
    outlives("immediate shutdown of PostgreSQL", Cluster::stop_immediately);
}

#[test]
fn what_was_acknowledged_outlives_a_fast_shutdown_of_postgresql() {
    outlives("fast shutdown of PostgreSQL", Cluster::stop);
}

/// PostgreSQL then ends all its sessions and recovers by itself.
#[test]
fn what_was_acknowledged_outlives_a_kill_of_one_session_of_postgresql() {
    let cluster = durable_cluster();
    let database = Database::Postgres(cluster.empty_database());
    let server = database.serve_demo();
    let load = Load::default();
    let faults = rounds(3);
    for fault in 1..=faults {
        load.run_during(&server, &server.key, || {
            acknowledge_more(&load);
            let session = cluster.psql(
                "postgres",
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'hexdesk' ORDER BY query_start DESC LIMIT 1",
            );
            send_signal(&session, Signal::KILL);
            until("PostgreSQL recovers", || {
                cluster.log().matches("database system was not properly shut down").count() == fault
            });
            acknowledge_more(&load);
        });
        load.settle_and_check(&database, &server, &server.key);
    }
    load.report("SIGKILL of a session of PostgreSQL", faults);
}

/// Takes PostgreSQL away under load and starts it again, time after time.
fn outlives(fault: &str, go_away: fn(&Cluster)) {
    let cluster = durable_cluster();
    let database = Database::Postgres(cluster.empty_database());
    let server = database.serve_demo();
    let load = Load::default();
    let faults = rounds(2);
    for round in 1..=faults {
        load.run_during(&server, &server.key, || {
            outage(&cluster, go_away, &[&server], &load, round);
        });
        load.settle_and_check(&database, &server, &server.key);
    }
    load.report(fault, faults);
}

/// Takes the PostgreSQL of these servers away, and starts it again. Every other outage is
/// shorter than requests wait for a connection.
pub(super) fn outage(
    cluster: &Cluster,
    go_away: fn(&Cluster),
    servers: &[&Server],
    load: &Load,
    round: usize,
) {
    acknowledge_more(load);
    let refused = load.refused();
    let is_long = round.is_multiple_of(2);
    if is_long {
        hold_back_commits(cluster);
    }
    go_away(cluster);
    if is_long {
        for server in servers {
            until("the server is not ready", || !is_ready(server));
            assert_eq!(server.send("GET", "/livez", &[], b"").status, 200);
        }
        until("a ticket is refused", || load.refused() > refused);
    }
    cluster.start();
    for server in servers {
        until("the server is ready", || is_ready(server));
    }
    acknowledge_more(load);
}

/// Waits for a commit that is on disk and whose client has not been told: with a standby to
/// wait for that is not there, none is told any more. After a restart all is as before.
fn hold_back_commits(cluster: &Cluster) {
    cluster.psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    cluster.psql("postgres", "SELECT pg_reload_conf()");
    until("a commit is held back", || {
        cluster.psql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != "0"
    });
    cluster.psql("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
}

/// A cluster that keeps what it has committed, and recovers fast: no more crashes here than
/// PostgreSQL, so that there is no need to have each file on disk once more.
pub(super) fn durable_cluster() -> Cluster {
    Cluster::builder().durable().setting("recovery_init_sync_method", "syncfs").start()
}

/// Waits until so many more tickets were acknowledged.
pub(super) fn acknowledge_more(load: &Load) {
    let enough = load.acknowledged() + ACKNOWLEDGED_PER_PHASE;
    until("more tickets are acknowledged", || load.acknowledged() >= enough);
}

/// Whether `/readyz` says that the server can serve.
pub(super) fn is_ready(server: &Server) -> bool {
    let answer = server.send("GET", "/readyz", &[], b"");
    if answer.status == 200 {
        return true;
    }
    answer.assert_problem(
        503,
        "not_ready",
        "The database cannot be reached, is not migrated, or has no room for writes",
    );
    false
}
