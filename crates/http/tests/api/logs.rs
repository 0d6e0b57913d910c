//! Secrets and client texts that the log must not contain, and request ids that it must contain.

use std::io::{Read, Write};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::api_keys::{KEYS, created, manager};
use crate::harness::visitor::Visitor;
use crate::harness::{Database, EXAMPLE, SHOP, Server, api_keys, both_databases};

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
    every_line_of_a_request_names_its_shop_key_and_user,
    a_hang_up_ends_nothing,
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

const PAGE: &str = include_str!("../../../../docs/operations.md");

fn every_line_of_a_request_names_its_shop_key_and_user(database: Database) {
    let options = ["--demo", "--log-format", "json", "--rate-limit", "2/1000"];
    let server = database.serve_logging("info,hexdesk_http=debug", &options);
    let visitor = Visitor::of_demo(&server);
    let key = |arguments: &[&str]| {
        database.hexdesk(&[&["key", "create", "--shop", SHOP, "--user", "45"], arguments].concat())
    };
    let id = |key: &str| key.split('_').nth(1).unwrap().to_owned();
    let (full, narrow, revoked) = (key(&[]), key(&["--scope", "events:read"]), key(&[]));
    database.hexdesk(&["key", "revoke", &id(&revoked)]);
    let get = |key: &str| server.send("GET", "/api/v1/tickets", &[("x-api-key", key)], b"");
    let forged = format!("hd_{}_{}", id(&full), "A".repeat(43));
    let known = |key: &str| json!({"shop": SHOP, "key": id(key), "user": 45});
    let claimed = |key: &str| json!({"claimed_key": id(key)});
    let expected: Vec<(String, u16, Value)> = [
        (get(&full), 200, known(&full)),
        (get(&full), 200, known(&full)),
        (get(&full), 429, known(&full)),
        (get(&narrow), 403, known(&narrow)),
        (get(&revoked), 401, claimed(&revoked)),
        (get(&forged), 401, claimed(&full)),
        (get("hd_1-x_Xyzzy"), 401, json!({})),
        (server.send("GET", "/api/v1/tickets", &[], b""), 401, json!({})),
        (visitor.get("/figures"), 200, json!({"shop": SHOP, "user": 45})),
    ]
    .into_iter()
    .map(|(response, status, fields)| {
        assert_eq!(response.status, status);
        (response.header("x-request-id").unwrap().to_owned(), status, fields)
    })
    .collect();
    let log = stopped(server);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (request, status, mut fields) in expected {
        let lines: Vec<&Value> = lines.iter().filter(|line| line["span"]["id"] == json!(request)).collect();
        assert!(lines.iter().any(|line| line["fields"]["status"] == status), "{log}");
        fields["id"] = json!(request);
        fields["name"] = json!("request");
        for line in lines {
            assert_eq!(line["span"], fields, "{line}");
        }
    }
    assert!(!log.contains("Xyzzy"), "{log}");

    // The page's commands find them.
    let section = PAGE.split("## The log\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let commands = section.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("log"), &log).unwrap();
    let commands = commands.replace("1-7", &id(&full)).replace("> 1000000", "> 0");
    let script = format!("journalctl() {{ cat log; echo Stopped hexdesk; }}\n{commands}");
    let output = std::process::Command::new("sh")
        .args(["-e", "-u", "-c", &script])
        .current_dir(&directory)
        .output()
        .unwrap();
    let (found, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    for expected in
        ["\"/api/v1/tickets\"", "429", &format!("\"{}\"", id(&full)), &format!("1 {SHOP} {}", id(&full))]
    {
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

fn a_hang_up_ends_nothing(database: Database) {
    let server = database.serve_demo();
    for _ in 0..2 {
        server.signal(Signal::HUP);
        assert_eq!(server.create_ticket(EXAMPLE).status, 201);
    }
    server.signal(Signal::TERM);
    let (status, log) = server.wait();
    assert!(status.success() && log.contains("SIGHUP changes nothing"), "{status}: {log}");
}
