//! Failover: the primary is lost under load, and its standby is promoted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use hexdesk_test_postgres::Cluster;

use crate::harness::faults::{
    Fault, Load, Proxy, RECOVERY, rounds, until, wait_for_server, wait_for_sessions,
};
use crate::harness::{Database, Response};

/// The number of tickets that the primary, and then the promoted standby, must acknowledge.
const ACKNOWLEDGED: usize = 200;

/// A primary with a synchronous standby, which replicates through a proxy.
struct Fixture {
    primary: Cluster,
    replication: Proxy,
    standby: Cluster,
}

impl Fixture {
    fn start() -> Self {
        let primary = Cluster::builder().setting("synchronous_commit", "on").start();
        let replication = Proxy::start(primary.port());
        let standby = primary.standby(replication.port);
        primary.psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
        primary.psql("postgres", "SELECT pg_reload_conf()");
        until("commits wait for the standby", || {
            primary.psql("postgres", "SELECT sync_state FROM pg_stat_replication") == "sync"
        });
        Self { primary, replication, standby }
    }

    /// A database on both servers, and its name.
    fn database(&self) -> (Database, String) {
        let database = self.primary.empty_database();
        let name = database.name.clone();
        (Database::Postgres(database), name)
    }

    fn url(&self, ports: [u16; 2], database: &str) -> String {
        let [first, second] = ports;
        format!("postgres://postgres@127.0.0.1:{first},127.0.0.1:{second}/{database}")
    }

    /// Cuts off the standby, and waits until the primary has written data that the standby lacks.
    fn cut_off_standby(&self) {
        self.replication.set(Fault::BlackHole);
        until("the standby is behind", || {
            let received = self.standby.psql("postgres", "SELECT pg_last_wal_receive_lsn()");
            let query = format!("SELECT pg_current_wal_flush_lsn() > '{received}'");
            self.primary.psql("postgres", &query) == "t"
        });
    }

    /// Kills the primary for good, and promotes the standby.
    fn fail_over(&self) {
        self.primary.kill();
        self.standby.promote();
    }
}

fn set_url(database: &mut Database, url: String) {
    if let Database::Postgres(database) = database {
        database.url = url;
    }
}

/// With `is_behind`, the standby lacks the primary's last writes.
fn lose_the_primary(name: &str, is_behind: bool) {
    for _ in 0..rounds(1) {
        let load = Load::default();
        let fixture = Fixture::start();
        let (mut database, database_name) = fixture.database();
        // The standby is named first, although it is read-only at the start.
        set_url(&mut database, fixture.url([fixture.standby.port(), fixture.primary.port()], &database_name));
        let server = database.serve_demo();
        let (enough, deadline) = (AtomicUsize::new(usize::MAX), Instant::now() + RECOVERY);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                load.run(&server, &server.key, |ledger| {
                    ledger.acknowledged.len() >= enough.load(Ordering::Relaxed) || Instant::now() > deadline
                });
            });
            until("tickets are acknowledged", || load.acknowledged() >= ACKNOWLEDGED);
            if is_behind {
                fixture.cut_off_standby();
            }
            fixture.fail_over();
            enough.store(load.acknowledged() + ACKNOWLEDGED, Ordering::Relaxed);
        });
        assert!(load.acknowledged() >= enough.into_inner(), "the server does not recover: {}", server.log());
        wait_for_server(&server);
        let database = Database::Postgres(fixture.standby.existing_database(&database_name));
        wait_for_sessions(&database, |_| true);
        load.settle_and_check(&database, &server, &server.key);
        load.report(name, 1);
    }
}

#[test]
fn a_promoted_standby_has_all_acknowledged_tickets() {
    lose_the_primary("primary killed, standby promoted", false);
}

#[test]
fn tickets_missing_on_a_promoted_standby_were_not_acknowledged() {
    lose_the_primary("standby cut off, primary killed, standby promoted", true);
}

#[test]
fn a_silent_host_does_not_block_the_other_host() {
    let mut database = Database::postgres();
    let port = hexdesk_test_postgres::cluster().port();
    let silent = Proxy::start(port);
    silent.set(Fault::BlackHole);
    if let Database::Postgres(postgres) = &mut database {
        postgres.url =
            format!("postgres://postgres@127.0.0.1:{},127.0.0.1:{port}/{}", silent.port, postgres.name);
    }
    let server = database.serve_demo();
    assert_eq!(server.create_ticket(r#"{"customerId": 123, "Channel": "Mail"}"#).status, 201);
}

#[test]
fn a_read_only_database_refuses_writes_until_it_is_writable() {
    let database = Database::postgres();
    let server = database.serve_demo();
    let Database::Postgres(postgres) = &database else { unreachable!() };
    let path = server.create_ticket(r#"{"customerId": 123, "Channel": "Mail"}"#);
    let path = path.header("location").unwrap().to_owned();
    postgres.psql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", postgres.name));
    postgres.psql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'hexdesk'",
    );
    wait_for_server(&server);
    let before = database.rows_of_tickets();
    let comments = format!("{path}/comments");
    let writes: [(&str, &str, &str); 5] = [
        ("POST", "/api/v1/tickets", r#"{"customerId": 123, "Channel": "Mail"}"#),
        ("POST", &comments, r#"{"text": "x"}"#),
        ("PATCH", &path, r#"{"name": "x"}"#),
        ("PATCH", "/api/v1/customers/123", r#"{"first_name": "x"}"#),
        ("DELETE", &path, ""),
    ];
    let write = |(method, path, body): (&str, &str, &str)| -> Response {
        server.send(method, path, &[("x-api-key", &server.key)], body.as_bytes())
    };
    for request in writes {
        let response = write(request);
        let sentence = "The service is not available right now and did nothing; try again";
        response.assert_problem(503, "overloaded", sentence);
        assert_eq!(server.get(&path).status, 200, "reads still work");
    }
    assert_eq!(database.rows_of_tickets(), before);
    let reset = format!("ALTER DATABASE {} RESET default_transaction_read_only", postgres.name);
    hexdesk_test_postgres::cluster().psql("postgres", &reset);
    // The server drops a read-only session when a write fails on it.
    for request in writes {
        until("the database is writable", || {
            let status = write(request).status;
            assert!([200, 201, 204, 503].contains(&status), "{request:?}: {status}");
            status != 503
        });
    }
}
