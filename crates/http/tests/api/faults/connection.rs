//! Faults of the connection between the server and PostgreSQL.

use std::time::{Duration, Instant};

use crate::harness::faults::{
    Conversations, Ending, Fault, Ledger, Load, Proxy, RECOVERY, create, rounds, ticket, wait_for_server,
    wait_for_sessions,
};
use crate::harness::{Database, Response, Server};

/// The number of concurrent requests of a test that sends its own.
const CLIENTS: usize = 16;

/// A server that connects to its database through a proxy. The test connects directly.
struct Fixture {
    // Dropped in this order.
    server: Server,
    proxy: Proxy,
    database: Database,
}

impl Fixture {
    /// `parameters` are appended to the database URL. `arguments` go to the server.
    fn new(parameters: &str, arguments: &[&str]) -> Self {
        let cluster = hexdesk_test_postgres::cluster();
        let proxy = Proxy::start(cluster.port());
        let mut database = Database::postgres();
        if let Database::Postgres(postgres) = &mut database {
            let (port, name) = (proxy.port, &postgres.name);
            postgres.url = format!("postgres://postgres@127.0.0.1:{port}/{name}?sslmode=disable{parameters}");
        }
        let key = database.serve_demo().key.clone();
        let mut server = database.serve(arguments);
        server.key = key;
        Self { server, proxy, database }
    }

    fn create(&self, name: &str) -> Response {
        create(&self.server, &self.server.key, name).unwrap()
    }

    fn run(&self, load: &Load, is_over: impl Fn(&Ledger) -> bool + Sync) {
        let deadline = Instant::now() + RECOVERY;
        load.run(&self.server, &self.server.key, |ledger| {
            assert!(Instant::now() < deadline, "the server does not recover: {ledger:?}");
            is_over(ledger)
        });
    }

    /// Ends the fault, and waits until the server has only working connections and the database
    /// is idle.
    fn heal(&self) {
        self.proxy.set(Fault::None);
        wait_for_server(&self.server);
        wait_for_sessions(&self.database, |sessions| sessions == self.proxy.open_connections());
    }

    /// Injects a fault repeatedly under load, and checks the stored tickets.
    fn survives(&self, name: &str, fault: Fault) {
        let load = Load::default();
        for _ in 0..rounds(2) {
            let (acknowledged, injected) = (load.acknowledged() + 100, self.proxy.injected() + 20);
            self.proxy.set(fault);
            self.run(&load, |ledger| {
                ledger.acknowledged.len() >= acknowledged && self.proxy.injected() >= injected
            });
            self.heal();
            load.settle_and_check(&self.database, &self.server, &self.server.key);
        }
        load.report(name, self.proxy.injected());
    }
}

#[track_caller]
fn assert_code(response: &Response, code: &str) {
    assert_eq!((response.status, response.json()["code"].as_str()), (503, Some(code)), "{response:?}");
}

#[test]
fn closed_connections_lose_and_duplicate_nothing() {
    Fixture::new("", &[]).survives("connections cut", Fault::Cut(Ending::Closed));
}

#[test]
fn reset_connections_lose_and_duplicate_nothing() {
    Fixture::new("", &[]).survives("connections reset", Fault::Cut(Ending::Reset));
}

#[test]
fn lost_commit_responses_lose_and_duplicate_nothing() {
    let fault = Fault::LoseCommits { one_in: 3, then_refuse: false };
    Fixture::new("", &[]).survives("answers to commits lost", fault);
}

#[test]
fn comments_and_changes_take_effect_once_over_lost_connections() {
    let fixture = Fixture::new("", &[]);
    let conversations = Conversations::begin(&fixture.server);
    for fault in [
        Fault::Cut(Ending::Closed),
        Fault::Cut(Ending::Reset),
        Fault::LoseCommits { one_in: 5, then_refuse: false },
    ] {
        for _ in 0..rounds(1) {
            let (acknowledged, injected) = (conversations.acknowledged() + 60, fixture.proxy.injected() + 10);
            fixture.proxy.set(fault);
            conversations
                .run(&fixture.server, |now| now >= acknowledged && fixture.proxy.injected() >= injected);
            fixture.heal();
            conversations.settle_and_check(&fixture.database, &fixture.server);
        }
    }
    conversations.report("connections cut and reset, answers to commits lost", fixture.proxy.injected());
}

#[test]
fn a_slow_network_fails_no_request() {
    let fixture = Fixture::new("", &[]);
    fixture.proxy.set(Fault::Delay(Duration::from_millis(200)));
    let load = Load::default();
    for _ in 0..rounds(1) {
        let enough = load.acknowledged() + 60;
        fixture.run(&load, |ledger| {
            assert!(ledger.refused.is_empty() && ledger.unclear.is_empty(), "{ledger:?}");
            ledger.acknowledged.len() >= enough
        });
    }
    fixture.heal();
    load.settle_and_check(&fixture.database, &fixture.server, &fixture.server.key);
    load.report("200 ms later in each direction", rounds(1));
}

#[test]
fn the_outcome_of_a_lost_commit_response_is_looked_up() {
    let fixture = Fixture::new("", &[]);
    fixture.proxy.set(Fault::LoseCommits { one_in: 1, then_refuse: false });
    for round in 1..=rounds(5) {
        let name = format!("lost-{round}");
        let response = fixture.create(&name);
        assert_eq!((response.status, response.header("idempotency-replayed")), (201, None), "{response:?}");
        assert_eq!(fixture.proxy.injected(), round);
    }
}

#[test]
fn an_unknown_outcome_is_settled_by_a_retry() {
    let fixture = Fixture::new("", &[]);
    let key = fixture.server.key.as_str();
    let path = fixture.create("ticket").header("location").unwrap().to_owned();
    let comments = format!("{path}/comments");
    let ticket = ticket("other").to_string();
    for round in 0..rounds(2) {
        for (method, path, body, status) in [
            ("POST", "/api/v1/tickets", ticket.as_str(), 201),
            ("POST", &comments, r#"{"text": "x"}"#, 201),
            ("PATCH", &path, r#"{"tags": ["x"]}"#, 200),
        ] {
            let idempotency_key = format!("{round} {method} {path}");
            let headers = [("x-api-key", key), ("idempotency-key", &idempotency_key)];
            let send = || fixture.server.send(method, path, &headers, body.as_bytes());
            fixture.proxy.set(Fault::LoseCommits { one_in: 1, then_refuse: true });
            assert_code(&send(), "outcome_unknown");
            fixture.heal();
            let response = send();
            assert_eq!(
                (response.status, response.header("idempotency-replayed")),
                (status, Some("true")),
                "{response:?}"
            );
        }
    }
}

#[test]
fn the_server_recovers_from_a_network_that_drops_everything() {
    // Otherwise the server notices after 15 s.
    let fixture = Fixture::new("&options=-c%20statement_timeout%3D1s", &[]);
    let load = Load::default();
    for _ in 0..rounds(1) {
        let enough = load.acknowledged() + 100;
        fixture.run(&load, |ledger| ledger.acknowledged.len() >= enough);
        fixture.proxy.set(Fault::BlackHole);
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    let name = load.next_name();
                    let response = fixture.create(&name);
                    assert_eq!(response.status, 503, "{response:?}");
                    load.record(name, Some(&response));
                });
            }
            scope.spawn(|| assert_code(&fixture.server.get("/readyz"), "not_ready"));
        });
        fixture.heal();
        let enough = load.acknowledged() + 100;
        fixture.run(&load, |ledger| ledger.acknowledged.len() >= enough);
        load.settle_and_check(&fixture.database, &fixture.server, &fixture.server.key);
    }
    load.report("everything vanishes", fixture.proxy.injected());
}

#[test]
fn requests_time_out_if_the_network_drops_everything() {
    let fixture = Fixture::new("&options=-c%20statement_timeout%3D0", &["--request-timeout", "2"]);
    fixture.proxy.set(Fault::BlackHole);
    // The server cannot even look up the key.
    assert_code(&fixture.server.get("/api/v1/tickets"), "overloaded");
    assert_code(&fixture.create("ticket"), "overloaded");
}
