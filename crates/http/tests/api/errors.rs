//! Errors: the same body for every route.

use std::io::{Read, Write};

use crate::harness::{Database, EXAMPLE, Response, Server, both_databases, read_response};

fn post(server: &Server, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let mut all = vec![("x-api-key", server.key.as_str())];
    all.extend_from_slice(headers);
    server.send("POST", "/api/v1/tickets", &all, body)
}

both_databases! {
    unknown_routes_are_not_found,
    wrong_methods_are_refused_with_the_allowed_ones,
    bodies_must_be_json,
    half_of_a_surrogate_pair_is_named,
    a_byte_order_mark_is_skipped,
    other_content_types_are_refused,
    large_bodies_are_refused,
    the_first_of_several_errors_is_returned,
    an_incomplete_body_writes_nothing,
    malformed_heads_are_refused,
    unknown_expectations_are_refused,
    head_is_get_without_a_body,
    health_needs_no_key,
}

fn unknown_routes_are_not_found(database: Database) {
    let server = database.serve_demo();
    for path in [
        "/api",
        "/api/v1",
        "/api/v1/tickets/",
        "/api/v1/tickets/1/nothing",
        "/api/v2/tickets",
        "/LIVEZ",
        "/%00",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let response = server.send(method, path, &[], b"");
            response.assert_problem(404, "route_not_found", "Route not found");
        }
    }
}

fn wrong_methods_are_refused_with_the_allowed_ones(database: Database) {
    let server = database.serve_demo();
    for (path, allowed, wrong) in [
        ("/api/v1/tickets", "GET, HEAD, POST", ["PATCH", "PUT", "DELETE"]),
        ("/api/v1/customers", "GET, HEAD, POST", ["PATCH", "PUT", "DELETE"]),
        ("/api/v1/tickets/search", "GET, HEAD", ["POST", "PUT", "DELETE"]),
        ("/api/v1/api-keys/1/rotate", "POST", ["GET", "PUT", "DELETE"]),
        ("/api/v1/tickets/1", "GET, HEAD, PATCH, DELETE", ["POST", "PUT", "OPTIONS"]),
        ("/livez", "GET, HEAD", ["POST", "PUT", "OPTIONS"]),
    ] {
        for method in wrong {
            // Sent without a key: 404 and 405 take precedence over 401.
            let response = server.send(method, path, &[], b"");
            assert_eq!(response.header("allow"), Some(allowed), "{method} {path}");
            response.assert_problem(
                405,
                "method_not_allowed",
                "The method is not allowed here; the Allow header names those that are",
            );
        }
    }
}

fn bodies_must_be_json(database: Database) {
    let server = database.serve_demo();
    let nested = |depth| {
        format!(
            r#"{{"customerId": 123, "Channel": "Mail", "unknown": {}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    for body in [
        b"".to_vec(),
        b"not json".to_vec(),
        b"{".to_vec(),
        br#"{"customerId": 123,}"#.to_vec(),
        br#"{"customerId": 123, "Channel": "Mail"} {}"#.to_vec(),
        b"[]".to_vec(),
        b"null".to_vec(),
        b"123".to_vec(),
        br#""text""#.to_vec(),
        br#"{"customerId": 0123, "Channel": "Mail"}"#.to_vec(),
        br#"{"customerId": NaN, "Channel": "Mail"}"#.to_vec(),
        b"{\"customerId\": 123, \"Channel\": \"\xff\"}".to_vec(),
        b"{\"customerId\": 123, \"Channel\": \"Mail\", \"unknown\": \"\xc0\x80\"}".to_vec(),
        b"\xef\xbb\xbf\xef\xbb\xbf{}".to_vec(),
        b"{}\xef\xbb\xbf".to_vec(),
        b"\xef\xbb\xbf".to_vec(),
        br#"{"customerId": 123, "Channel": "\ud80"}"#.to_vec(),
        b"{\"customerId\": 123, \"Channel\": \"a\nb\"}".to_vec(),
        nested(10_000).into_bytes(),
        format!(r#"{{"customerId": {}, "Channel": "Mail"}}"#, "[".repeat(100_000)).into_bytes(),
    ] {
        let response = server.create_ticket(&body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        response.assert_member_errors(&[("", "json")], &shown);
    }
    assert_eq!(database.rows_of_tickets(), 0);
    assert_eq!(server.create_ticket(nested(100)).status, 201);
}

fn half_of_a_surrogate_pair_is_named(database: Database) {
    let server = database.serve_demo();
    for (body, pointer, sentence) in [
        (
            r#"{"customerId": 123, "Channel": "Mail", "lastMessage": "Merci \ud83d"}"#,
            "/lastMessage",
            "lastMessage holds half of a surrogate pair (line 1, column 68)",
        ),
        (
            "{\"customerId\": 123,\n \"Channel\": \"\\udc00x\"}",
            "/Channel",
            "Channel holds half of a surrogate pair (line 2, column 19)",
        ),
        (
            r#"{"tags": ["a", "\ud83d\ude00", "\ude00"]}"#,
            "/tags/2",
            "tags[2] holds half of a surrogate pair (line 1, column 38)",
        ),
        (
            r#"{"meta": {"a/b": "\ud83d\u0041"}}"#,
            "/meta/a~1b",
            "meta.a/b holds half of a surrogate pair (line 1, column 30)",
        ),
    ] {
        let response = server.create_ticket(body);
        response.assert_member_errors(&[(pointer, "json")], &body);
        assert_eq!(response.json()["error"], sentence);
    }
    let whole = server.create_ticket(r#"{"customerId": 123, "Channel": "Mail", "name": "\ud83d\ude00"}"#);
    assert_eq!(whole.ticket()["name"], "😀");
    let other = server.create_ticket(b"{\"name\": \"caf\xe9\"}");
    assert_eq!(other.json()["error"], "The request body is not valid UTF-8 (byte 14)");
}

fn a_byte_order_mark_is_skipped(database: Database) {
    let server = database.serve_demo();
    let marked = b"\xef\xbb\xbf{\"customerId\": 123, \"Channel\": \"Mail\"}";
    assert_eq!(server.create_ticket(marked).status, 201);
    let path = "/api/v1/customers/123";
    let headers = [("x-api-key", server.key.as_str())];
    let changed = server.send("PATCH", path, &headers, "\u{feff}{\"first_name\": \"\u{feff}A\"}".as_bytes());
    assert_eq!((changed.status, &changed.json()["customer"]["first_name"]), (200, &"\u{feff}A".into()));
}

fn other_content_types_are_refused(database: Database) {
    let server = database.serve_demo();
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/xml", "application/jsonx", ""]
    {
        let response = post(&server, &[("content-type", content_type)], EXAMPLE.as_bytes());
        response.assert_problem(415, "unsupported_media_type", "The request body must be application/json");
    }
    let response = post(&server, &[("content-encoding", "gzip")], EXAMPLE.as_bytes());
    response.assert_problem(415, "unsupported_media_type", "The request body must not be compressed");
    assert_eq!(database.rows_of_tickets(), 0);
    for content_type in ["application/json", "Application/JSON; charset=utf-8", "application/json ;x"] {
        assert_eq!(
            post(&server, &[("content-type", content_type)], EXAMPLE.as_bytes()).status,
            201,
            "{content_type}"
        );
    }
    assert_eq!(post(&server, &[], EXAMPLE.as_bytes()).status, 201);
}

fn large_bodies_are_refused(database: Database) {
    let server = database.serve_demo();
    let sentence = "The request body must be at most 2097152 bytes";
    let large =
        format!(r#"{{"customerId": 123, "Channel": "Mail", "unknown": "{}"}}"#, "x".repeat(5_000_000));
    server.create_ticket(&large).assert_problem(413, "body_too_large", sentence);
    // Without a length in the head, the server counts the bytes.
    let mut chunked = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nconnection: close\r\n\
         transfer-encoding: chunked\r\n\r\n",
        server.key
    );
    chunked.push_str(&format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len()));
    server.send_bytes(chunked.as_bytes()).assert_problem(413, "body_too_large", sentence);
    // A missing key takes precedence over the size.
    let response = server.send("POST", "/api/v1/tickets", &[], large.as_bytes());
    response.assert_problem(401, "missing_api_key", "Missing API key");
    assert_eq!(database.rows_of_tickets(), 0);

    let fits = format!(r#"{{"customerId": 123, "Channel": "Mail", "unknown": "{}"}}"#, "x".repeat(2_000_000));
    assert_eq!(server.create_ticket(&fits).status, 201);
}

fn the_first_of_several_errors_is_returned(database: Database) {
    let server = database.serve_demo();
    let text = ("content-type", "text/plain");
    let send = |key: &str, content_type, body: &str| {
        server.send("POST", "/api/v1/tickets", &[("x-api-key", key), content_type], body.as_bytes()).status
    };
    assert_eq!(send("wrong", text, "{"), 401);
    assert_eq!(send(&server.key, text, &"x".repeat(3_000_000)), 415);
    assert_eq!(send(&server.key, ("content-type", "application/json"), &"x".repeat(3_000_000)), 413);
    let unknown_customer = r#"{"customerId": 999, "Channel": " "}"#;
    assert_eq!(send(&server.key, ("content-type", "application/json"), unknown_customer), 400);
}

fn an_incomplete_body_writes_nothing(database: Database) {
    let server = database.serve_demo();
    for _ in 0..10 {
        let mut stream = server.connect();
        let head = format!(
            "POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-length: {}\r\n\r\n",
            server.key,
            EXAMPLE.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&EXAMPLE.as_bytes()[..EXAMPLE.len() - 1]).unwrap();
        stream.shutdown(std::net::Shutdown::Both).unwrap();
    }
    assert_eq!(server.get("/api/v1/tickets/1").status, 404);
    assert_eq!(database.rows_of_tickets(), 0);
}

fn malformed_heads_are_refused(database: Database) {
    let server = database.serve_demo();
    let mut stream = server.connect();
    stream.write_all(b"NOT HTTP AT ALL\r\n\r\n").unwrap();
    assert_eq!(read_response(stream).status, 400);
}

fn head_is_get_without_a_body(database: Database) {
    let server = database.serve_demo();
    let response = server.send("HEAD", "/livez", &[], b"");
    assert_eq!((response.status, response.body.as_str()), (200, ""));
}

fn health_needs_no_key(database: Database) {
    let server = database.serve_demo();
    assert_eq!(server.send("GET", "/livez", &[], b"").status, 200);
    assert_eq!(server.send("GET", "/readyz", &[], b"").status, 200);
}

fn unknown_expectations_are_refused(database: Database) {
    let server = database.serve_demo();
    let create = |expectation: &str| {
        let head = format!(
            "POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {}\r\n\
             {expectation}content-length: {}\r\n\r\n",
            server.key,
            EXAMPLE.len()
        );
        let mut stream = server.connect();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    for expectation in [
        "expect: 200-ok\r\n",
        "expect:\r\n",
        "expect: 100-continue, x\r\n",
        "expect: 100-continue\r\nexpect: x\r\n",
    ] {
        // The body is not awaited. The framework may meet the first of two expectations.
        let mut stream = create(expectation);
        let mut interim = [0; 25];
        if expectation.contains("100") {
            stream.read_exact(&mut interim).unwrap();
        }
        read_response(stream).assert_problem(
            417,
            "expectation_failed",
            "The only expectation that the server meets is 100-continue",
        );
    }
    let mut stream = create("expect: 100-Continue\r\n");
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(EXAMPLE.as_bytes()).unwrap();
    assert_eq!(read_response(stream).status, 201);
    assert_eq!(database.count("SELECT count(*) FROM tickets"), 1);
}
