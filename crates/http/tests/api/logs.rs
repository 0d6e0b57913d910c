//! Secrets and client texts that the log must not contain, and request ids that it must contain.

use std::io::{Read, Write};

use rustix::process::Signal;

use crate::harness::api_keys::{KEYS, created, manager};
use crate::harness::{Database, EXAMPLE, Server, api_keys, both_databases};

/// A server with this log filter, the demo shop and a key that has every scope.
fn demo(database: &Database, filter: &str) -> Server {
    // Migrates before logging: the schema contains the word "refund".
    database.hexdesk(&["migrate"]);
    let mut server = database.serve_logging(filter, &["--demo"]);
    server.key = manager(database, &[]);
    server
}

fn stopped(server: Server) -> String {
    server.signal(Signal::TERM);
    server.wait().1
}

/// Sends marked texts everywhere, and keys in right and wrong places. Returns the secrets of the
/// keys.
fn everything_that_may_not_be_logged(server: &Server) -> Vec<String> {
    assert_eq!(server.create_ticket_idempotent("Xyzzy-key", EXAMPLE).status, 201);
    server.create_ticket_idempotent("Xyzzy-key", &EXAMPLE.replace("refund", "Xyzzy"));
    server.create_ticket(EXAMPLE.replace("Mail", "Xyzzy\\u0000"));
    server.create_ticket(EXAMPLE.replace("2", "Xyzzy"));
    server.create_ticket(
        r#"{"Xyzzy": 1, "customerId": 999, "Channel": "Xyzzy", "emailUsed": "Xyzzy@example.com"}"#,
    );
    server.create_ticket("Xyzzy");
    server.get("/api/v1/tickets/Xyzzy?q=Xyzzy");
    server.get("/api/v1/tickets/search?q=Xyzzy");
    server.get("/Xyzzy");
    server.send("POST", "/api/v1/tickets", &[("x-api-key", "hd_1-1_Xyzzy")], b"Xyzzy");

    let as_manager = [("x-api-key", server.key.as_str())];
    let (_, new) = created(&server.send("POST", KEYS, &as_manager, br#"{"scopes": ["tickets:read"]}"#));
    let rotate = format!("{}/rotate", api_keys::path(&new));
    let (_, rotated) = created(&server.send("POST", &rotate, &as_manager, b"{}"));
    let keys = [server.key.clone(), new, rotated];
    for key in &keys {
        let bearer = format!("Bearer {key}");
        server.send("GET", "/api/v1/tickets", &[("authorization", &bearer)], b"");
        server.send("GET", &format!("/api/v1/tickets?api_key={key}"), &[], b"");
        server.send("GET", &format!("/api/v1/tickets/{key}?cursor={key}"), &[("x-api-key", key)], b"");
        server.send(
            "POST",
            "/api/v1/tickets",
            &[("x-api-key", key), ("idempotency-key", key)],
            key.as_bytes(),
        );
        server.send(
            "GET",
            "/docs",
            &[("cookie", key), ("referer", &format!("https://example.com/{key}"))],
            b"",
        );
        // Malformed heads, and parts of heads that any text can be in.
        let end = "connection: close\r\n\r\n";
        for head in [
            format!("GET /{key} HTTP/1.1\r\nx api key: {key}\r\n\r\n"),
            format!("x-api-key: {key}\r\n\r\n"),
            format!("{key} /livez HTTP/1.1\r\nhost: x\r\n{end}"),
            format!("GET /livez HTTP/1.1\r\nhost: {key}\r\nexpect: {key}\r\n{end}"),
            format!("GET /livez HTTP/1.1\r\nhost: x\r\nupgrade: {key}\r\nconnection: {key}, close\r\n\r\n"),
            format!("CONNECT {key}:80 HTTP/1.1\r\nhost: x\r\n{end}"),
            format!("POST /livez HTTP/1.1\r\nhost: x\r\ncontent-length: {key}\r\n{end}"),
            format!("POST /livez HTTP/1.1\r\nhost: x\r\ncontent-length: +{key}\r\n{end}"),
            format!("POST /livez HTTP/1.1\r\nhost: x\r\ntransfer-encoding: {key}\r\n{end}"),
            format!("POST /livez HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n{end}{key}\r\n"),
            format!("GET http://{key}/livez HTTP/1.1\r\nhost: x\r\n{end}"),
            format!("GET /livez HTTP/{key}\r\nhost: x\r\n{end}"),
        ] {
            server.send_bytes(head.as_bytes());
        }
    }
    // The secret may contain underscores.
    keys.iter().map(|key| key.splitn(3, '_').nth(2).unwrap().to_owned()).collect()
}

fn assert_absent(log: &str, secrets: &[String]) {
    let secrets = secrets.iter().map(String::as_str);
    for forbidden in secrets.chain(["Xyzzy", "refund", "support@example.com", "dev@example.com"]) {
        assert_eq!(log.lines().find(|line| line.contains(forbidden)), None, "{forbidden}");
    }
}

both_databases! {
    the_debug_log_holds_no_secret_and_no_client_text,
    the_trace_log_holds_no_secret_and_no_client_text,
    the_log_has_the_request_id_of_every_response,
    no_line_of_the_log_is_as_long_as_a_client_wants,
}

fn the_debug_log_holds_no_secret_and_no_client_text(database: Database) {
    let server = demo(&database, "debug");
    let secrets = everything_that_may_not_be_logged(&server);
    let log = stopped(server);
    for expected in ["POST", "/api/v1/tickets/{ticketId}", "status=201", "status=422", "status=401"] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    assert_absent(&log, &secrets);
}

fn the_trace_log_holds_no_secret_and_no_client_text(database: Database) {
    let server = demo(&database, "trace");
    let secrets = everything_that_may_not_be_logged(&server);
    let log = stopped(server);
    for expected in ["TRACE", "actix_http", "INSERT INTO", "api_keys"] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    assert_absent(&log, &secrets);
}

fn the_log_has_the_request_id_of_every_response(database: Database) {
    let server = database.serve_demo();
    let responses = [server.create_ticket(EXAMPLE), server.create_ticket("{}"), server.get("/nowhere")];
    let ids: Vec<String> =
        responses.iter().map(|response| response.header("x-request-id").unwrap().to_owned()).collect();
    server.signal(Signal::TERM);
    let (_, log) = server.wait();
    for id in ids {
        assert!(log.lines().any(|line| line.contains(&id) && line.contains("answered")), "{id}: {log}");
    }
}

fn no_line_of_the_log_is_as_long_as_a_client_wants(database: Database) {
    let server = demo(&database, "trace");
    let long = "A".repeat(50_000);
    for head in [
        format!("{long} /livez HTTP/1.1\r\nhost: x\r\n"),
        format!("GET /{long} HTTP/1.1\r\nhost: x\r\n"),
        format!("GET /livez?{long} HTTP/1.1\r\nhost: {long}\r\nexpect: {long}\r\n"),
        format!("POST /livez HTTP/1.1\r\nhost: x\r\ncontent-length: {long}\r\n"),
        format!("POST /livez HTTP/1.1\r\nhost: x\r\ntransfer-encoding: {long}\r\n"),
        format!("GET /api/v1/tickets HTTP/1.1\r\nhost: x\r\nx-api-key: {long}\r\n"),
        format!("GET /api/v1/tickets/{long} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n", server.key),
    ] {
        let mut stream = server.connect();
        // A connection that is closed with unread bytes may be reset.
        let _ = stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes());
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let log = stopped(server);
    assert!(log.contains("method=other"), "{log}");
    assert_eq!(log.lines().find(|line| line.contains("AAAAAAAA")), None);
}
