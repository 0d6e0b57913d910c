//! Clients that ask for responses and do not read them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::faults::{cpu_time, holdings, holds};
use crate::harness::{Database, EXAMPLE, PATIENCE, SHOP, Server, both_databases};

/// A server with these limits, and a key of the demo shop and one of another shop.
fn serve(database: &Database, arguments: &[&str]) -> (Server, String) {
    let mut server = database.serve_logging("info", &[&["--demo"], arguments].concat());
    server.key = database.hexdesk(&["key", "create", "--shop", SHOP]);
    database.hexdesk(&["shop", "create", "other.example.com"]);
    let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
    (server, other)
}

/// Sends these bytes, as far as the server takes them, and reads nothing.
fn send_only(server: &Server, sent: &[u8]) -> TcpStream {
    let mut stream = server.connect();
    stream.set_nonblocking(true).unwrap();
    let _ = stream.write(sent);
    stream
}

/// Waits until the server has closed all of these connections.
fn await_close(server: &Server, streams: &[TcpStream]) {
    let deadline = Instant::now() + PATIENCE;
    for stream in streams {
        while holds(server, stream) {
            assert!(Instant::now() < deadline, "the connection of a client that does not read is open");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn get(path: &str, key: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n")
}

/// Creates a ticket with this many comments of almost 1 MB each. Returns the path of its comments.
fn large_comments(server: &Server, number: usize) -> String {
    let ticket = server.create_ticket(EXAMPLE).ticket()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/tickets/{ticket}/comments");
    let body = json!({"text": "x", "attachments": [{"data": "x".repeat(950_000)}]}).to_string();
    for _ in 0..number {
        let created = server.send("POST", &path, &[("x-api-key", &server.key)], body.as_bytes());
        assert_eq!(created.status, 201, "{created:?}");
    }
    path
}

both_databases! {
    unread_responses_take_no_more_memory_than_allowed,
    a_pipeline_without_a_reader_takes_neither_time_nor_memory,
    a_pipeline_with_a_reader_is_served_in_order,
}

fn unread_responses_take_no_more_memory_than_allowed(database: Database) {
    let (server, other) =
        serve(&database, &["--max-answer-memory", "32", "--request-timeout", "4", "--keep-alive", "5"]);
    let path = large_comments(&server, 3);
    assert!(server.get(&path).body.len() > 2_800_000);
    let before = holdings(&server).memory;
    let request = get(&path, &server.key);
    let unread: Vec<TcpStream> = (0..60).map(|_| send_only(&server, request.as_bytes())).collect();
    let began = Instant::now();
    let mut most = before;
    while began.elapsed() < Duration::from_secs(3) {
        let list = server.send("GET", "/api/v1/tickets", &[("x-api-key", &other)], b"");
        assert_eq!(list.status, 200, "{list:?}");
        assert_eq!(server.create_ticket(EXAMPLE).status, 201);
        most = most.max(holdings(&server).memory);
    }
    let grown = (most - before) >> 20;
    assert!(grown < 80, "{grown} MiB for 16 MiB of responses; all of them are 160 MiB");
    await_close(&server, &unread);
    assert!(server.get(&path).body.len() > 2_800_000);
}

fn a_pipeline_without_a_reader_takes_neither_time_nor_memory(database: Database) {
    let server = database.serve_demo();
    let pipeline = "GET /livez HTTP/1.1\r\nhost:\r\n\r\n".repeat(24_000);
    let (before, began, used) = (holdings(&server).memory, Instant::now(), cpu_time(&server));
    let unread: Vec<TcpStream> = (0..30).map(|_| send_only(&server, pipeline.as_bytes())).collect();
    let mut most = before;
    while began.elapsed() < Duration::from_secs(2) {
        assert_eq!(server.send("GET", "/livez", &[], b"").status, 200);
        most = most.max(holdings(&server).memory);
    }
    await_close(&server, &unread);
    let grown = (most - before) >> 20;
    assert!(grown < 60, "{grown} MiB for 30 connections");
    // It serves as many of the 720,000 requests as the system buffers responses.
    let used = cpu_time(&server) - used;
    assert!(used < Duration::from_secs(40), "{used:?}");
}

/// Sends these requests at once and reads all responses until the connection ends. Returns their
/// statuses and the last response.
fn statuses(server: &Server, pipeline: String) -> (Vec<String>, String) {
    let mut stream = server.connect();
    let mut sending = stream.try_clone().unwrap();
    // The server may close the connection before it has read everything.
    std::thread::spawn(move || sending.write_all(pipeline.as_bytes()));
    let mut received = String::new();
    stream.read_to_string(&mut received).unwrap();
    let responses: Vec<&str> = received.split("HTTP/1.1 ").skip(1).collect();
    let statuses = responses.iter().map(|response| response[..3].to_owned()).collect();
    (statuses, responses.last().unwrap().to_lowercase())
}

fn a_pipeline_with_a_reader_is_served_in_order(database: Database) {
    let server = database.serve_demo();
    let requests = [
        ("404", "GET /nowhere HTTP/1.1\r\nhost:\r\n\r\n"),
        ("405", "DELETE /api/v1/tickets HTTP/1.1\nhost:\n\n"),
        ("401", "GET /api/v1/tickets HTTP/1.1\r\nhost:\r\n\r\n"),
        ("200", "GET /livez HTTP/1.1\r\nhost:\r\n\r\n"),
    ];
    let last = "GET /readyz HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n";
    let pipeline: String = requests.map(|(_, request)| request).concat().repeat(500) + last;
    let (received, _) = statuses(&server, pipeline);
    assert_eq!(received.len(), 2_001);
    for (number, status) in received[..2_000].iter().enumerate() {
        assert_eq!(status, requests[number % 4].0, "{number}");
    }

    // With bodies between them, the connection may end early. The last response then says so.
    let body = "\n".repeat(200) + "{}";
    let create =
        format!("POST /api/v1/tickets HTTP/1.1\r\nhost:\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let (received, end) = statuses(&server, create.repeat(500) + last);
    let (readiness, created) = received.split_last().unwrap();
    assert!(created.iter().all(|status| status == "401"), "{received:?}");
    assert!(readiness == "200" || end.contains("connection: close"), "{end}");
}

/// 200 clients that ask for 95 MiB: `cargo test --release -- --ignored two_hundred --nocapture`.
#[test]
#[ignore = "takes a minute and 100 MB of disk"]
fn two_hundred_clients_that_do_not_read_on_sqlite() {
    two_hundred_clients_that_do_not_read(&Database::sqlite());
}

/// The same on PostgreSQL.
#[test]
#[ignore = "takes a minute and 100 MB of disk"]
fn two_hundred_clients_that_do_not_read_on_postgres() {
    two_hundred_clients_that_do_not_read(&Database::postgres());
}

#[expect(clippy::print_stdout, reason = "figures for runs with --nocapture")]
fn two_hundred_clients_that_do_not_read(database: &Database) {
    let (server, other) = serve(database, &[]);
    let path = large_comments(&server, 100);
    let before = holdings(&server).memory >> 20;
    let request = get(&path, &server.key);
    let unread: Vec<TcpStream> = (0..200).map(|_| send_only(&server, request.as_bytes())).collect();
    let began = Instant::now();
    let (mut most, mut slowest, mut served) = (0, Duration::ZERO, 0);
    while began.elapsed() < Duration::from_secs(30) {
        let asked = Instant::now();
        let list = server.send("GET", "/api/v1/tickets", &[("x-api-key", &other)], b"");
        assert_eq!(list.status, 200, "{list:?}");
        assert_eq!(server.create_ticket(EXAMPLE).status, 201);
        (slowest, served) = (slowest.max(asked.elapsed()), served + 2);
        most = most.max(holdings(&server).memory >> 20);
    }
    let open = unread.iter().filter(|stream| holds(&server, stream)).count();
    println!(
        "server memory: {before} MiB before, {most} MiB at most; {served} other requests, the slowest \
         pair {slowest:?}; {open} of 200 connections open after 30 s"
    );
    assert!(most < 300, "{most} MiB");
}
