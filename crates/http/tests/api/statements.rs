//! The number of statements that each reading route sends to the database. It does not depend on
//! the amount of data.

use std::time::{Duration, Instant};

use actix_web::http::Method;
use hexdesk_http::routes::ENDPOINTS;
use serde_json::json;

use crate::harness::{Database, Server, both_databases, path_with};
use crate::webhook_routes::create_webhook;
use crate::webhooks::key_file;

/// The number of statements of one request to each reading route, with the query that needs most.
/// The lookup of the key does not count: the server caches keys for a few seconds.
const READS: &[(&str, &str, usize)] = &[
    ("/livez", "", 0),
    ("/readyz", "", 2),
    ("/openapi.json", "", 0),
    ("/docs", "", 0),
    ("/api/v1/tickets", "?include=total", 2),
    ("/api/v1/tickets/getRecentConversations", "?include=total", 2),
    ("/api/v1/tickets/search", "?q=ada+par*", 1),
    ("/api/v1/tickets/{ticketId}", "", 1),
    ("/api/v1/tickets/{ticketId}/comments", "?limit=100", 2),
    ("/api/v1/customers", "?include=total", 2),
    ("/api/v1/customers/{customerId}", "", 1),
    ("/api/v1/users", "?include=total", 2),
    ("/api/v1/users/{userId}", "", 1),
    ("/api/v1/api-keys", "?include=total", 2),
    ("/api/v1/api-keys/{keyId}", "", 1),
    ("/api/v1/events", "?limit=100", 1),
    ("/api/v1/webhooks", "", 1),
    ("/api/v1/webhooks/{webhookId}", "", 1),
    ("/api/v1/webhooks/{webhookId}/deliveries", "?limit=100", 2),
];

/// Sends a request, waits until the server has logged its end, and returns the log.
fn log_after(server: &Server, path: &str) -> String {
    let response = server.get(path);
    assert_eq!(response.status, 200, "{path}: {response:?}");
    let request_id = response.header("x-request-id").unwrap().to_owned();
    let started = Instant::now();
    loop {
        let log = server.log();
        if log.lines().any(|line| line.contains(&request_id) && line.contains("answered")) {
            return log;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{path} is not in the log: {log}");
        std::thread::yield_now();
    }
}

/// The statements that the server sent for this request.
fn statements(server: &Server, path: &str) -> Vec<String> {
    let before = log_after(server, "/livez").len();
    let log = log_after(server, path)[before..].to_owned();
    let statements = log.lines().filter_map(|line| Some(line.split_once("statement=")?.1.to_owned()));
    // Background work of the server: id ranges, retention, search indexes, SQLite's log and due webhooks.
    let background = ["id_ranges", "DELETE FROM", "gin_clean_pending_list", "PRAGMA", "webhooks AS webhook"];
    let statements = statements.filter(|statement| !background.iter().any(|name| statement.contains(name)));
    // On SQLite, a read is a transaction that begins with a look at the erasures. The server itself
    // looks at them every minute.
    let of_every_read = ["BEGIN", "COMMIT", "SELECT EXISTS (SELECT `erasures`", "SELECT `erasures`"];
    let is_of_every_read =
        |statement: &String| of_every_read.iter().any(|start| statement.trim_matches('"').starts_with(start));
    statements.filter(|statement| !is_of_every_read(statement)).collect()
}

both_databases! {
    every_reading_route_sends_a_fixed_number_of_statements,
}

fn every_reading_route_sends_a_fixed_number_of_statements(database: Database) {
    let directory = tempfile::tempdir().unwrap();
    let key_file = key_file(&database, &directory);
    let key_file: Vec<&str> = key_file.iter().map(String::as_str).collect();
    let mut server = database
        .serve_logging("info,hexdesk_adapters::statements=trace", &[&["--demo"][..], &key_file].concat());
    server.key = database.hexdesk(&[
        "key",
        "create",
        "--shop",
        "example.myshopify.com",
        "--scope",
        "tickets:read,tickets:write,customers:read,users:read,api_keys:manage,events:read,webhooks:read,webhooks:manage",
    ]);
    let mut ticket = String::new();
    for number in 0..5 {
        let body = json!({
            "customerId": 123, "Channel": "Mail", "name": "Parcel", "assigned_to": 45, "isOpenedTicket": true
        });
        ticket = server.create_ticket(body.to_string()).ticket()["id"].as_str().unwrap().to_owned();
        let comments = format!("/api/v1/tickets/{ticket}/comments");
        for _ in 0..number {
            let response =
                server.send("POST", &comments, &[("x-api-key", &server.key)], br#"{"text": "parcel"}"#);
            assert_eq!(response.status, 201);
        }
    }
    let webhook = create_webhook(&server, "https://example.com/");
    let path = format!("/api/v1/webhooks/{webhook}");
    // A disabled webhook sends nothing, so it adds no statements.
    let disabled = server.send("PATCH", &path, &[("x-api-key", &server.key)], br#"{"isEnabled": false}"#);
    assert_eq!(disabled.status, 200);
    let reading = ENDPOINTS
        .iter()
        .filter(|endpoint| endpoint.method == Method::GET && !endpoint.path.ends_with("/stream"));
    for endpoint in reading {
        let path = endpoint.path;
        let Some((_, query, expected)) = READS.iter().find(|(known, ..)| *known == path) else {
            panic!("add {path} to READS");
        };
        let path = path_with(path, |name| match name {
            "ticketId" => ticket.clone(),
            "customerId" => "123".to_owned(),
            "userId" => "45".to_owned(),
            "webhookId" => webhook.clone(),
            _ => "1".to_owned(),
        });
        let send = || statements(&server, &format!("{path}{query}"));
        // At least one of three requests in a row finds its key in the cache.
        let least = [send(), send(), send()].into_iter().min_by_key(Vec::len).unwrap();
        assert_eq!(least.len(), *expected, "{path}: {least:#?}");
    }
}
