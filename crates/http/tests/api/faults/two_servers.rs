//! Two servers on one PostgreSQL, under load.

use std::sync::Barrier;

use hexdesk_test_postgres::Cluster;

use crate::harness::faults::{Load, create, durable_cluster, outage, rounds};
use crate::harness::{Database, Server};

#[test]
fn two_servers_that_start_at_once_share_a_database() {
    let database = Database::Postgres(hexdesk_test_postgres::cluster().empty_database());
    let servers = start_both(&database);
    let [one, other] = &servers;
    let load = Load::default();
    run_on_both(&load, &servers, || {
        for _ in 0..3 {
            load.acknowledge_more();
        }
    });
    check_on_both(&load, &database, &servers);
    assert_eq!(
        database.count("SELECT count(DISTINCT (id >> 12) & 1023) FROM tickets"),
        2,
        "each server must use its own node"
    );

    // Each server knows the responses of the other: an idempotency key works across both.
    for _ in 0..50 {
        let name = load.next_name();
        let both_begin = Barrier::new(2);
        let responses = std::thread::scope(|scope| {
            [one, other]
                .map(|server| {
                    scope.spawn(|| {
                        both_begin.wait();
                        create(server, &server.key, &name).unwrap()
                    })
                })
                .map(|response| response.join().unwrap())
        });
        for response in &responses {
            assert!([201, 409].contains(&response.status), "{response:?}");
        }
        let settled = create(one, &one.key, &name).unwrap();
        assert_eq!(settled.header("idempotency-replayed"), Some("true"), "{settled:?}");
        for response in responses.iter().filter(|response| response.status == 201) {
            assert_eq!(response.body, settled.body);
        }
        load.record(name, Some(&settled));
    }
    check_on_both(&load, &database, &servers);
    load.report("two servers", 0);
}

#[test]
fn acknowledged_tickets_of_two_servers_survive_a_kill_of_postgresql() {
    let cluster = durable_cluster();
    let database = Database::postgres_in(&cluster);
    let servers = start_both(&database);
    let [one, other] = &servers;
    let load = Load::default();
    let faults = rounds(2);
    for round in 1..=faults {
        run_on_both(&load, &servers, || outage(&cluster, Cluster::kill, &[one, other], &load, round));
        check_on_both(&load, &database, &servers);
    }
    load.report("SIGKILL of the PostgreSQL of two servers", faults);
}

/// Two servers with their own keys, started at the same moment.
fn start_both(database: &Database) -> [Server; 2] {
    let both_begin = Barrier::new(2);
    std::thread::scope(|scope| {
        [(); 2]
            .map(|()| {
                scope.spawn(|| {
                    both_begin.wait();
                    database.serve_demo()
                })
            })
            .map(|server| server.join().unwrap())
    })
}

/// Runs the load on both servers while `during` runs.
fn run_on_both(load: &Load, [one, other]: &[Server; 2], during: impl FnOnce()) {
    load.run_during(one, &one.key, || load.run_during(other, &other.key, during));
}

/// Settles the unknown outcomes, and checks the tickets on both servers.
fn check_on_both(load: &Load, database: &Database, servers: &[Server; 2]) {
    for server in servers {
        load.settle_and_check(database, server, &server.key);
    }
}
