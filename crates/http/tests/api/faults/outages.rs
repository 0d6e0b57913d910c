//! PostgreSQL stops under load and starts again. The server keeps running.

use hexdesk_test_postgres::Cluster;
use rustix::process::Signal;

use crate::harness::faults::{Load, durable_cluster, outage, rounds, until};
use crate::harness::{Database, send_signal};

#[test]
fn acknowledged_tickets_survive_a_kill_of_postgresql() {
    outlives("SIGKILL of PostgreSQL", Cluster::kill);
}

#[test]
fn acknowledged_tickets_survive_an_immediate_shutdown_of_postgresql() {
    outlives("immediate shutdown of PostgreSQL", Cluster::stop_immediately);
}

#[test]
fn acknowledged_tickets_survive_a_fast_shutdown_of_postgresql() {
    outlives("fast shutdown of PostgreSQL", Cluster::stop);
}

/// After this kill, PostgreSQL ends all its sessions and recovers by itself.
#[test]
fn acknowledged_tickets_survive_a_kill_of_one_postgresql_session() {
    let cluster = durable_cluster();
    let database = Database::postgres_in(&cluster);
    let server = database.serve_demo();
    let load = Load::default();
    let faults = rounds(3);
    for fault in 1..=faults {
        load.run_during(&server, &server.key, || {
            load.acknowledge_more();
            let session = cluster.psql(
                "postgres",
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'hexdesk' ORDER BY query_start DESC LIMIT 1",
            );
            send_signal(&session, Signal::KILL);
            until("PostgreSQL recovers", || {
                cluster.log().matches("database system was not properly shut down").count() == fault
            });
            load.acknowledge_more();
        });
        load.settle_and_check(&database, &server, &server.key);
    }
    load.report("SIGKILL of a session of PostgreSQL", faults);
}

/// Stops and starts PostgreSQL several times under load.
fn outlives(fault: &str, go_away: fn(&Cluster)) {
    let cluster = durable_cluster();
    let database = Database::postgres_in(&cluster);
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
