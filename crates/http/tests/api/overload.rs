//! What the server takes on, and what it says to the rest.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::create_ticket::EXAMPLE;
use crate::harness::{Database, Server, on_both_databases, read_answer};

const SHOP: &str = "example.myshopify.com";

fn serve_demo(database: &Database, arguments: &[&str]) -> Server {
    let mut server = database.serve(&[&["--demo"], arguments].concat());
    server.key = database.hexdesk(&["key", "create", "--shop", SHOP]);
    server
}

/// A request whose body is yet to come.
pub(crate) fn stalled(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    let head = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {}\r\nexpect: 100-continue\r\n\
         content-length: {}\r\n\r\n",
        server.key,
        EXAMPLE.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body: it has taken the request on.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// The status of the next answer on a connection that stays open.
fn read_one_status(stream: &mut TcpStream) -> u16 {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.split_once("content-length: ").unwrap().1.split_once("\r\n").unwrap().0;
    stream.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

on_both_databases! {
    fn beyond_the_requests_in_flight_the_answer_is_503_at_once(database: Database) {
        let server = serve_demo(&database, &["--max-requests", "2"]);
        let before = database.rows_of_tickets();
        let mut running: Vec<TcpStream> = (0..2).map(|_| stalled(&server)).collect();
        for answer in [server.get("/api/v1/tickets"), server.create_ticket(EXAMPLE)] {
            answer.assert_problem(503, "overloaded", "The service is not available right now and did nothing; try again");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        for path in ["/livez", "/readyz"] {
            assert_eq!(server.get(path).status, 200, "{path}");
        }
        assert_eq!(database.rows_of_tickets(), before);
        let mut first = running.remove(0);
        first.write_all(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(read_answer(first).status, 201);
        assert_eq!(server.create_ticket(EXAMPLE).status, 201);
        // One that goes away makes room as well.
        let second = running.remove(0);
        second.shutdown(Shutdown::Both).unwrap();
        drop(second);
        let _third = stalled(&server);
        assert_eq!(server.create_ticket(EXAMPLE).status, 201);
    }

    fn who_was_refused_waits_in_line_from_then_on(database: Database) {
        let server = serve_demo(&database, &["--max-requests", "1"]);
        let mut running = stalled(&server);
        let mut stream = server.connect();
        let mut ask = || {
            let started = Instant::now();
            let head = format!("GET /api/v1/tickets HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", server.key);
            stream.write_all(head.as_bytes()).unwrap();
            (read_one_status(&mut stream), started.elapsed())
        };
        assert_eq!(ask().0, 503);
        for _ in 0..2 {
            let (status, took) = ask();
            assert_eq!(status, 503);
            assert!(took >= Duration::from_millis(900), "{took:?}");
        }
        // Others are told at once, and do not get before those who wait.
        assert_eq!(server.get("/api/v1/tickets").status, 503);
        running.write_all(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(read_answer(running).status, 201);
        assert_eq!(ask().0, 200);
    }

    fn each_key_has_its_rate(database: Database) {
        let server = serve_demo(&database, &["--rate-limit", "3/3600"]);
        let other = database.hexdesk(&["key", "create", "--shop", SHOP, "--scope", "users:read"]);
        for (remaining, waits) in [(2, 1200), (1, 2400), (0, 3600)] {
            let answer = server.get("/api/v1/tickets");
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("ratelimit-policy"), Some("\"default\";q=3;w=3600"));
            let told = answer.header("ratelimit").unwrap();
            let (left, reset) = told.strip_prefix("\"default\";r=").unwrap().split_once(";t=").unwrap();
            assert_eq!(left, remaining.to_string());
            let reset: u64 = reset.parse().unwrap();
            assert!((waits - 60..=waits).contains(&reset), "{told}");
        }
        let before = database.rows_of_tickets();
        let refused = server.create_ticket(EXAMPLE);
        refused.assert_problem(429, "rate_limited", "The API key made too many requests; try again later");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1_100..=1_200).contains(&wait), "{wait}");
        assert_eq!(refused.header("ratelimit").unwrap(), format!("\"default\";r=0;t={wait}"));
        assert_eq!(database.rows_of_tickets(), before);
        // Nobody else is affected; refusals count too, and what needs no key is not counted.
        let as_other = || server.send("GET", "/api/v1/tickets", &[("x-api-key", &other)], b"");
        for _ in 0..3 {
            as_other().assert_problem(403, "missing_scope", "The API key lacks the scope tickets:read");
        }
        assert_eq!(as_other().status, 429);
        for _ in 0..5 {
            assert_eq!(server.send("GET", "/api/v1/tickets", &[("x-api-key", "wrong")], b"").status, 401);
            assert_eq!(server.get("/livez").header("ratelimit"), None);
        }
    }

    fn without_a_rate_nothing_is_said_of_one(database: Database) {
        let server = database.serve_demo();
        assert_eq!(server.get("/api/v1/tickets").header("ratelimit"), None);
    }

    fn a_body_that_does_not_come_is_a_408(database: Database) {
        let server = serve_demo(&database, &["--request-timeout", "1"]);
        let before = database.rows_of_tickets();
        let answer = read_answer(stalled(&server));
        answer.assert_problem(408, "body_timeout", "The request body did not arrive in time");
        assert_eq!(database.rows_of_tickets(), before);
    }

    fn a_body_that_nobody_wants_is_waited_for_no_longer(database: Database) {
        let server = serve_demo(&database, &["--request-timeout", "1"]);
        let unwanted = [("POST", "/nowhere", 404), ("PUT", "/api/v1/tickets", 405), ("POST", "/api/v1/tickets", 401)];
        let waiting = unwanted.map(|(method, path, status)| {
            let mut stream = server.connect();
            let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            (stream, status)
        });
        // A connection without a request is closed after 5 s.
        server.connect().read_to_end(&mut Vec::new()).unwrap();
        for (mut stream, status) in waiting {
            let mut answer = [0; 12];
            stream.set_nonblocking(true).unwrap();
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(String::from_utf8_lossy(&answer), format!("HTTP/1.1 {status}"));
        }
    }
}

#[test]
fn a_command_that_takes_too_long_is_answered_and_settled_by_trying_again() {
    let database = Database::sqlite();
    let server = serve_demo(&database, &["--request-timeout", "1"]);
    let url = database.url();
    let mut writer = SqliteConnection::establish(url.strip_prefix("sqlite://").unwrap()).unwrap();
    writer.batch_execute("BEGIN IMMEDIATE").unwrap();
    server.create_ticket_once("slow", EXAMPLE).assert_problem(
        503,
        "outcome_unknown",
        "Whether the write took effect is not known: it did so once or not at all; try again with the same \
         Idempotency-Key",
    );
    writer.batch_execute("ROLLBACK").unwrap();
    // The first may have taken effect by now or not; there is one in the end.
    let status = loop {
        let again = server.create_ticket_once("slow", EXAMPLE);
        if ![409, 503].contains(&again.status) {
            break again.status;
        }
    };
    assert_eq!(status, 201);
    assert_eq!(database.count("SELECT count(*) FROM tickets"), 1);
}

#[test]
fn more_connections_are_served_than_a_shell_allows_files() {
    let database = Database::sqlite();
    let key = database.serve_demo().key.clone();
    let served = database.serve_command("info", &[]);
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -Sn 64 && exec \"$0\" \"$@\""])
        .arg(served.get_program())
        .args(served.get_args());
    let mut server = Server::start(command.env_clear());
    server.key = key;
    let running: Vec<TcpStream> = (0..64).map(|_| stalled(&server)).collect();
    for mut stream in running {
        stream.write_all(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(read_answer(stream).status, 201);
    }
}

#[test]
fn limits_that_are_none_are_refused_with_what_they_must_be() {
    let database = Database::sqlite();
    for (arguments, said) in [
        (["--rate-limit", "many"], "requests/seconds, two whole numbers from 1, like 600/60"),
        (
            ["--rate-limit", "4294967295/1"],
            "--rate-limit (HEXDESK_RATE_LIMIT) allows more than a request each nanosecond",
        ),
        (["--max-requests", "0"], "--max-requests"),
        (["--max-connections", "0"], "--max-connections"),
        (["--request-timeout", "0"], "0 is not in 1..=3600"),
    ] {
        let output = database.run(&[&["serve"], &arguments[..]].concat());
        assert!(!output.status.success());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(said), "{stderr}");
    }
}
