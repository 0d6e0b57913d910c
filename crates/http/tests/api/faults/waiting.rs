//! A server that starts before its PostgreSQL.

use std::io::Read;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use hexdesk_test_postgres::{Cluster, TestDatabase};
use rustix::process::Signal;

use crate::harness::faults::{Load, until};
use crate::harness::{Database, PATIENCE, command};

/// The log line of a server that serves all routes.
const SERVES: &str = "listening address=";

#[test]
fn a_server_waits_for_its_database() {
    let cluster = Cluster::builder().start();
    let mut own = cluster.empty_database();
    own.url = own.url.replace("postgres@", "postgres:hunter2@");
    let database = Database::Postgres(own);
    let key = database.serve_demo().key.clone();
    // PostgreSQL stays in recovery until the file `go` exists.
    let data = cluster.socket_directory().join("data");
    let go = cluster.socket_directory().join("go");
    let hold = format!("until test -e {}; do sleep 0.05; done; false", go.display());
    cluster.psql("postgres", &format!("ALTER SYSTEM SET restore_command = '{hold}'"));
    cluster.stop();

    let server = database.serve(&[]);
    assert!(!server.log().contains(SERVES), "{}", server.log());
    let reason = format!("cannot connect to PostgreSQL at 127.0.0.1:{}: ", cluster.port());
    assert!(
        server.log().contains(&reason) && server.log().contains("Connection refused"),
        "{}",
        server.log()
    );
    assert_eq!(server.send("GET", "/livez", &[], b"").status, 200);
    assert!(!server.is_ready());
    let refused = server.send("POST", "/api/v1/tickets", &[("x-api-key", &key)], b"{}");
    refused.assert_problem(
        503,
        "overloaded",
        "The service is not available right now and did nothing; try again",
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(server.send("GET", "/api/v1/nothing", &[], b"").status, 404);
    assert_eq!(server.send("GET", "/openapi.json", &[], b"").status, 200);

    std::fs::write(data.join("recovery.signal"), "").unwrap();
    let load = Load::default();
    std::thread::scope(|scope| {
        scope.spawn(|| cluster.start());
        load.run_during(&server, &key, || {
            until("PostgreSQL recovers", || server.log().contains("(SQLSTATE 57P03)"));
            assert_eq!(server.send("GET", "/livez", &[], b"").status, 200);
            assert!(!server.is_ready());
            until("tickets are refused", || load.refused() >= 100);
            std::fs::write(&go, "").unwrap();
            until("the server serves", || server.log().contains(SERVES));
            assert!(server.is_ready());
            load.acknowledge_more();
        });
    });
    load.settle_and_check(&database, &server, &key);
    load.report("start without PostgreSQL", 1);
    assert!(!server.log().contains("hunter2"), "{}", server.log());
}

#[test]
fn a_server_waits_for_a_free_connection() {
    let cluster = hexdesk_test_postgres::cluster();
    let mut own = cluster.empty_database();
    own.psql("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
    own.psql(&format!("ALTER DATABASE {} OWNER TO crowded; GRANT ALL ON SCHEMA public TO crowded", own.name));
    own.url = own.url.replace("postgres@", "crowded@");
    let database = Database::Postgres(own);
    let server = database.serve(&[]);
    assert!(server.log().contains("too many connections for role"), "{}", server.log());
    cluster.psql("postgres", "ALTER ROLE crowded CONNECTION LIMIT -1");
    until("the server serves", || server.log().contains(SERVES));
    assert!(server.is_ready());
}

#[test]
fn a_migration_is_retried_after_a_lost_connection() {
    let cluster = Cluster::builder().start();
    let own = cluster.empty_database();
    let url = own.url.clone();
    let database = Database::Postgres(own);
    let lock = "SELECT pg_advisory_lock(4850447169812726857)";
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            cluster.psql(url.rsplit('/').next().unwrap(), &format!("{lock}; SELECT pg_sleep(600)"))
        });
        let locks = |granted: bool| {
            format!("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted = {granted}")
        };
        until("another migrates", || cluster.psql("postgres", &locks(true)) == "1");
        let server = scope.spawn(|| database.serve(&[]));
        until("the server waits for it", || cluster.psql("postgres", &locks(false)) == "1");
        cluster.kill();
        assert!(other.join().is_err());
        let server = server.join().unwrap();
        assert!(
            server.log().contains("the connection was lost while the database was migrated"),
            "{}",
            server.log()
        );
        cluster.start();
        until("the server serves", || server.log().contains(SERVES));
        assert!(server.is_ready());
    });
}

/// The reason is not repeated at every attempt.
#[test]
fn the_reason_for_waiting_is_logged_once() {
    let closing = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://hexdesk@{}/hexdesk?sslmode=disable", closing.local_addr().unwrap());
    std::thread::scope(|scope| {
        let attempts = scope.spawn(|| {
            for _ in 0..4 {
                let (mut connection, _) = closing.accept().unwrap();
                let _ = connection.read(&mut [0; 1024]).unwrap();
            }
        });
        let mut server = command(&url, &["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let attempted = attempts.join();
        server.kill().unwrap();
        let output = server.wait_with_output().unwrap();
        attempted.unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(log.matches("waiting for the database").count(), 1, "{log}");
    });
}

#[test]
fn a_waiting_server_stops_on_a_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = Database::Postgres(unreachable()).serve(&[]);
        server.signal(signal);
        let (status, log) = server.wait();
        assert!(status.success(), "{status}: {log}");
        assert!(log.contains("stopped") && !log.contains(SERVES), "{log}");
    }
}

#[test]
fn permanent_errors_end_a_server_at_once() {
    let cluster = Cluster::builder()
        .access_rules("local all postgres trust\nhost all locked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust")
        .start();
    let own = cluster.empty_database();
    cluster.psql("postgres", "CREATE ROLE locked LOGIN PASSWORD 'secret'");
    let serve = |url: &str| error_of(url, &["serve", "--listen", "127.0.0.1:0"]);
    for (url, expected) in [
        (own.url.replace("postgres@", "locked:hunter2@"), "password authentication failed"),
        (own.url.replace("postgres@", "nobody@"), "role \"nobody\" does not exist"),
        (own.url.replace(&own.name, "nothing"), "database \"nothing\" does not exist"),
        (format!("{}?sslmode=require", own.url), "server does not support TLS"),
    ] {
        let error = serve(&url);
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        assert!(!error.contains("waiting"), "{error}");
    }
    own.psql("CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY, run_on TIMESTAMP)");
    own.psql("INSERT INTO __diesel_schema_migrations VALUES ('99999999999999', now())");
    assert!(serve(&own.url).contains("was migrated by a newer version of Hexdesk"));
}

#[test]
fn other_commands_do_not_wait() {
    for arguments in
        [&["migrate"][..], &["shop", "list"], &["key", "create", "--shop", "shop.example.com"], &["doctor"]]
    {
        let error = error_of(UNREACHABLE, arguments);
        assert!(!error.contains("waiting") && !error.contains("hunter2"), "{error}");
        assert!(error.contains("cannot connect to PostgreSQL at 127.0.0.1:1: "), "{error}");
    }
}

/// The URL of a database that does not exist.
const UNREACHABLE: &str = "postgres://hexdesk:hunter2@127.0.0.1:1/hexdesk";

fn unreachable() -> TestDatabase {
    let mut database = hexdesk_test_postgres::cluster().empty_database();
    UNREACHABLE.clone_into(&mut database.url);
    database
}

/// The output of `hexdesk` with these arguments, which must fail by itself.
fn error_of(url: &str, arguments: &[&str]) -> String {
    let mut process = command(url, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while process.try_wait().unwrap().is_none() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = process.kill();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}
