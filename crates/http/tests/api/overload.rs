//! The limits of the server, and its responses beyond them.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::harness::{Database, EXAMPLE, SHOP, Server, both_databases, read_response};

fn serve_demo(database: &Database, arguments: &[&str]) -> Server {
    let mut server = database.serve(&[&["--demo"], arguments].concat());
    server.key = database.hexdesk(&["key", "create", "--shop", SHOP]);
    server
}

/// The status of the next response on a connection that stays open.
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

both_databases! {
    requests_beyond_the_limit_get_503_at_once,
    a_refused_connection_waits_in_the_queue_afterwards,
    a_body_that_does_not_arrive_gets_408,
    an_unneeded_body_is_waited_for_a_second,
    without_a_key_no_request_takes_a_place,
    one_shop_does_not_take_every_place,
}

fn requests_beyond_the_limit_get_503_at_once(database: Database) {
    let server = serve_demo(&database, &["--max-requests", "2"]);
    let before = database.rows_of_tickets();
    let mut running: Vec<TcpStream> = (0..2).map(|_| server.begin_request()).collect();
    for response in [server.get("/api/v1/tickets"), server.create_ticket(EXAMPLE)] {
        response.assert_problem(
            503,
            "overloaded",
            "The service is not available right now and did nothing; try again",
        );
        assert_eq!(response.header("retry-after"), Some("1"));
    }
    for path in ["/livez", "/readyz"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert_eq!(database.rows_of_tickets(), before);
    let mut first = running.remove(0);
    first.write_all(EXAMPLE.as_bytes()).unwrap();
    assert_eq!(read_response(first).status, 201);
    assert_eq!(server.create_ticket(EXAMPLE).status, 201);
    // A client that disconnects frees its place too.
    let second = running.remove(0);
    second.shutdown(Shutdown::Both).unwrap();
    drop(second);
    let _third = server.begin_request();
    assert_eq!(server.create_ticket(EXAMPLE).status, 201);
}

fn a_refused_connection_waits_in_the_queue_afterwards(database: Database) {
    let server = serve_demo(&database, &["--max-requests", "1"]);
    let mut running = server.begin_request();
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
    // Other connections get 503 at once, and do not pass the queue.
    assert_eq!(server.get("/api/v1/tickets").status, 503);
    running.write_all(EXAMPLE.as_bytes()).unwrap();
    assert_eq!(read_response(running).status, 201);
    assert_eq!(ask().0, 200);
}

fn a_body_that_does_not_arrive_gets_408(database: Database) {
    let server = serve_demo(&database, &["--request-timeout", "1"]);
    let before = database.rows_of_tickets();
    let response = read_response(server.begin_request());
    response.assert_problem(408, "body_timeout", "The request body did not arrive in time");
    assert_eq!(database.rows_of_tickets(), before);
}

/// Requests without a valid key whose bodies never arrive, and the status of each response.
fn bodies_that_never_arrive(server: &Server) -> Vec<(TcpStream, u16)> {
    let wrong = format!("x-api-key: {}\r\n", server.key.replace(|c: char| c.is_lowercase(), "x"));
    let cases = [
        ("POST /nowhere", "", "content-length: 1", 404),
        ("PUT /api/v1/tickets", "", "content-length: 1", 405),
        ("POST /api/v1/tickets", "", "content-length: 1", 401),
        ("POST /api/v1/tickets", "", "content-length: 100000000", 401),
        ("POST /api/v1/tickets", &wrong, "content-length: 1", 401),
        ("POST /api/v1/tickets", "", "transfer-encoding: chunked", 401),
        ("GET /api/v1/tickets", "", "connection: upgrade\r\nupgrade: websocket", 401),
        ("POST /api/v1/tickets", "", "connection: upgrade\r\nupgrade: websocket", 401),
        ("CONNECT /api/v1/tickets", "", "", 405),
        ("CONNECT example.com:443", "", "", 404),
        ("CONNECT /livez", "", "content-length: 1", 405),
    ];
    let sent = cases.map(|(line, key, header, status)| {
        let mut stream = server.connect();
        let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
        stream.write_all(format!("{line} HTTP/1.1\r\nhost: x\r\n{key}{header}\r\n").as_bytes()).unwrap();
        (stream, status)
    });
    sent.into()
}

fn an_unneeded_body_is_waited_for_a_second(database: Database) {
    let server = serve_demo(&database, &[]);
    let waiting = bodies_that_never_arrive(&server);
    // The server closes a connection without a request after 5 s.
    server.connect().read_to_end(&mut Vec::new()).unwrap();
    for (mut stream, status) in waiting {
        let mut response = [0; 12];
        stream.set_nonblocking(true).unwrap();
        stream.read_exact(&mut response).unwrap();
        assert_eq!(String::from_utf8_lossy(&response), format!("HTTP/1.1 {status}"));
    }
    // With a key, a body that has no end is refused at once.
    let endless = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\ncontent-length: 2\r\n\r\n{{}}",
        server.key
    );
    server.send_bytes(endless.as_bytes()).assert_member_errors(&[("", "json")], &endless);
}

fn without_a_key_no_request_takes_a_place(database: Database) {
    let server = serve_demo(&database, &["--max-requests", "1"]);
    for _ in 0..3 {
        let waiting = bodies_that_never_arrive(&server);
        assert_eq!(server.get("/api/v1/tickets").status, 200);
        drop(waiting);
    }
}

fn one_shop_does_not_take_every_place(database: Database) {
    let server = serve_demo(&database, &["--max-requests", "8"]);
    database.hexdesk(&["shop", "create", "other.example.com"]);
    let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
    let _running: Vec<TcpStream> = (0..7).map(|_| server.begin_request()).collect();
    assert_eq!(server.get("/api/v1/tickets").status, 503);
    assert_eq!(server.send("GET", "/api/v1/tickets", &[("x-api-key", &other)], b"").status, 200);
}

#[test]
fn a_write_that_times_out_is_settled_by_a_retry() {
    let database = Database::sqlite();
    let server = serve_demo(&database, &["--request-timeout", "1"]);
    let url = database.url();
    let mut writer = SqliteConnection::establish(url.strip_prefix("sqlite://").unwrap()).unwrap();
    writer.batch_execute("BEGIN IMMEDIATE").unwrap();
    server.create_ticket_idempotent("slow", EXAMPLE).assert_problem(
        503,
        "outcome_unknown",
        "Whether the write took effect is not known: it did so once or not at all; try again with the same \
         Idempotency-Key",
    );
    writer.batch_execute("ROLLBACK").unwrap();
    // Whether the first request has taken effect by now or not, there must be one ticket.
    let status = loop {
        let again = server.create_ticket_idempotent("slow", EXAMPLE);
        if ![409, 503].contains(&again.status) {
            break again.status;
        }
    };
    assert_eq!(status, 201);
    assert_eq!(database.count("SELECT count(*) FROM tickets"), 1);
}

#[test]
fn the_server_raises_its_limit_of_open_files() {
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
    let running: Vec<TcpStream> = (0..64).map(|_| server.begin_request()).collect();
    for mut stream in running {
        stream.write_all(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(read_response(stream).status, 201);
    }
}

#[test]
fn invalid_limits_are_reported_with_their_valid_values() {
    let database = Database::sqlite();
    for (arguments, expected) in [
        (["--max-requests", "0"], "--max-requests"),
        (["--max-connections", "0"], "--max-connections"),
        (["--max-answer-memory", "7"], "from 8 to 1048576"),
        (["--request-timeout", "0"], "from 1 to 3600"),
    ] {
        let output = database.run(&[&["serve"], &arguments[..]].concat());
        assert!(!output.status.success());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(expected), "{stderr}");
    }
}
