//! Ambiguous requests and large heads are refused. Bytes after them are not read as a request.

use std::io::{Read, Write};

use crate::harness::{Database, Server, both_databases};

const BODY: &str = r#"{"customerId": 123, "Channel": "Mail"}"#;

/// A second request after each request. It gets a response if the server reads it.
const HIDDEN: &str = "GET /openapi.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// All responses to these bytes, until the server closes the connection.
fn responses(server: &Server, bytes: &[u8]) -> String {
    let mut stream = server.connect();
    // The server may close the connection before it has read everything.
    let _ = stream.write_all(bytes);
    let mut received = Vec::new();
    let mut part = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut part) {
        received.extend_from_slice(&part[..length]);
    }
    String::from_utf8(received).unwrap()
}

/// A request to create a ticket, with these headers and this body, and [`HIDDEN`] after it.
fn create(server: &Server, headers: &str, body: &str) -> String {
    let key = &server.key;
    format!("POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n{headers}\r\n{body}{HIDDEN}")
}

/// The body as one chunk that claims this length.
fn chunked(length: &str) -> String {
    format!("{length}\r\n{BODY}\r\n0\r\n\r\n")
}

both_databases! {
    a_body_with_ambiguous_length_ends_the_connection,
    a_broken_chunk_ends_the_connection,
    ambiguous_heads_are_refused,
    large_heads_are_refused,
}

fn a_body_with_ambiguous_length_ends_the_connection(database: Database) {
    let server = database.serve_demo();
    let (length, chunk) = (BODY.len(), format!("{:x}", BODY.len()));
    let both = format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n");
    for (headers, body) in [
        (both.clone(), chunked(&chunk)),
        (both, BODY.to_owned()),
        (format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"), chunked(&chunk)),
        (format!("content-length: {length}\r\ncontent-length: {length}\r\n"), BODY.to_owned()),
        (format!("content-length: {length}\r\ncontent-length: 3\r\n"), BODY.to_owned()),
        (format!("content-length: {length}, {length}\r\n"), BODY.to_owned()),
        (format!("content-length: +{length}\r\n"), BODY.to_owned()),
        ("content-length: -1\r\n".to_owned(), BODY.to_owned()),
        (format!("content-length : {length}\r\n"), BODY.to_owned()),
        ("transfer-encoding: xchunked\r\n".to_owned(), chunked(&chunk)),
        ("transfer-encoding: gzip, chunked\r\n".to_owned(), chunked(&chunk)),
        ("transfer-encoding: chunked, identity\r\n".to_owned(), chunked(&chunk)),
        ("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n".to_owned(), chunked(&chunk)),
    ] {
        let received = responses(&server, create(&server, &headers, &body).as_bytes());
        assert!(received.starts_with("HTTP/1.1 400 "), "{headers:?}: {received}");
        assert_eq!(received.matches("HTTP/1.1 ").count(), 1, "{headers:?}: {received}");
    }
    assert_eq!(database.rows_of_tickets(), 0);
}

fn a_broken_chunk_ends_the_connection(database: Database) {
    let server = database.serve_demo();
    let shorter = format!("{:x}", BODY.len() - 1);
    for length in ["zz", "", "-1", "fffffffffffffffff", &shorter] {
        let request = create(&server, "transfer-encoding: chunked\r\n", &chunked(length));
        let received = responses(&server, request.as_bytes());
        assert!(!received.contains("openapi") && !received.contains(" 20"), "{length}: {received}");
    }
    assert_eq!(database.rows_of_tickets(), 0);
    // A correct chunk gets a response, and so does the request after it.
    let whole = create(&server, "transfer-encoding: chunked\r\n", &chunked(&format!("{:x}", BODY.len())));
    let received = responses(&server, whole.as_bytes());
    assert!(received.starts_with("HTTP/1.1 201 ") && received.contains("openapi"), "{received}");
}

fn ambiguous_heads_are_refused(database: Database) {
    let server = database.serve_demo();
    for head in [
        "host: x\r\nhost: y\r\n",
        "",
        "host: x\r\nx-a: b\r\n c\r\n",
        "host: x\r\nx-a: b\rc\r\n",
        "host: x\r\nx-a: b\0c\r\n",
        "host: x\r\nx a: b\r\n",
        "host: x\r\n: b\r\n",
    ] {
        let received = responses(&server, format!("GET /livez HTTP/1.1\r\n{head}\r\n{HIDDEN}").as_bytes());
        assert!(received.starts_with("HTTP/1.1 400 "), "{head:?}: {received}");
        assert_eq!(received.matches("HTTP/1.1 ").count(), 1, "{head:?}: {received}");
    }
}

fn large_heads_are_refused(database: Database) {
    let server = database.serve_demo();
    let fits = format!(
        "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-a: {}\r\n\r\n",
        "a".repeat(100_000)
    );
    assert_eq!(server.send_bytes(fits.as_bytes()).status, 200);
    let many: String = (0..200).map(|number| format!("x-{number}: a\r\n")).collect();
    for (head, status) in [
        (format!("GET /livez HTTP/1.1\r\nhost: x\r\nx-a: {}\r\n\r\n", "a".repeat(131_072)), "431"),
        (format!("GET /livez HTTP/1.1\r\nhost: x\r\n{many}\r\n"), "431"),
        (format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(131_072)), "431"),
        // Longer than a URL may be.
        (format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000)), "400"),
    ] {
        let received = responses(&server, head.as_bytes());
        // Closing a connection with unread bytes may reset it before the client reads the response.
        let refused = format!("HTTP/1.1 {status} ");
        assert!(received.is_empty() || received.starts_with(&refused), "{head:.40}: {received}");
        assert!(head.len() > 100_000 || !received.is_empty(), "{head:.40}: no response");
    }
    assert_eq!(server.send("GET", "/livez", &[], b"").status, 200);
}
