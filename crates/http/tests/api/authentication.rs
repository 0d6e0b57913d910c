//! Which API keys open which routes.

use hexdesk_http::routes::{Access, ENDPOINTS, Endpoint};

use crate::harness::api_keys::{id, secret};
use crate::harness::{Database, EXAMPLE, Response, SHOP, Server, both_databases, path_with};

fn with_key(server: &Server, key: &str) -> Response {
    server.send("POST", "/api/v1/tickets", &[("x-api-key", key)], EXAMPLE.as_bytes())
}

fn call(server: &Server, endpoint: &Endpoint, headers: &[(&str, &str)]) -> Response {
    server.send(endpoint.method.as_str(), &path_with(endpoint.path, |_| "999999".to_owned()), headers, b"{}")
}

/// The routes that need a key. There must be some, or the tests that walk them would prove nothing.
fn closed_endpoints() -> Vec<&'static Endpoint> {
    let closed: Vec<_> = ENDPOINTS.iter().filter(|endpoint| endpoint.access != Access::Open).collect();
    assert!(!closed.is_empty());
    closed
}

both_databases! {
    every_route_under_api_needs_a_key,
    every_route_needs_its_scope,
    x_api_key_takes_precedence_over_authorization,
    keys_are_read_from_no_other_place,
    no_response_repeats_a_key,
    invalid_keys_are_refused,
    revoked_and_rotated_keys_are_refused,
    a_key_of_a_closed_shop_gets_shop_not_found,
}

fn every_route_under_api_needs_a_key(database: Database) {
    for endpoint in ENDPOINTS {
        assert_eq!(endpoint.access == Access::Open, !endpoint.path.starts_with("/api/"), "{}", endpoint.path);
    }
    let server = database.serve_demo();
    for endpoint in closed_endpoints() {
        call(&server, endpoint, &[]).assert_problem(401, "missing_api_key", "Missing API key");
        let response = call(&server, endpoint, &[("x-api-key", "wrong")]);
        response.assert_problem(401, "invalid_api_key", "Unauthorized - Invalid API key");
        assert_eq!(response.header("www-authenticate"), Some("Bearer realm=\"hexdesk\""));
    }
}

fn every_route_needs_its_scope(database: Database) {
    let server = database.serve_demo();
    for endpoint in closed_endpoints() {
        let Access::Key(needed) = endpoint.access else { continue };
        let others: Vec<&str> = hexdesk_domain::Scope::ALL
            .iter()
            .filter(|scope| **scope != needed[0])
            .map(|scope| scope.as_str())
            .collect();
        let without = database.hexdesk(&["key", "create", "--shop", SHOP, "--scope", &others.join(",")]);
        let sentence = format!("The API key lacks the scope {}", needed[0]);
        call(&server, endpoint, &[("x-api-key", &without)]).assert_problem(403, "missing_scope", &sentence);
        let needed: Vec<&str> = needed.iter().map(|scope| scope.as_str()).collect();
        let with = database.hexdesk(&["key", "create", "--shop", SHOP, "--scope", &needed.join(",")]);
        // The route may still refuse it for another reason.
        let response = call(&server, endpoint, &[("x-api-key", &with)]);
        assert!(response.status != 401 && !response.body.contains("missing_scope"), "{response:?}");
    }
}

fn x_api_key_takes_precedence_over_authorization(database: Database) {
    let server = database.serve_demo();
    let bearer = format!("Bearer {}", server.key);
    let send =
        |headers: &[(&str, &str)]| server.send("POST", "/api/v1/tickets", headers, EXAMPLE.as_bytes()).status;
    assert_eq!(send(&[("authorization", &bearer)]), 201);
    assert_eq!(send(&[("x-api-key", &server.key), ("authorization", "Bearer wrong")]), 201);
    assert_eq!(send(&[("x-api-key", "wrong"), ("authorization", &bearer)]), 401);
}

fn keys_are_read_from_no_other_place(database: Database) {
    let server = database.serve_demo();
    let key = server.key.clone();
    let secret = secret(&key);
    for endpoint in closed_endpoints() {
        let path = path_with(endpoint.path, |_| "999999".to_owned());
        let send = |path: &str, headers: &[(&str, &str)], body: &str| {
            let response = server.send(endpoint.method.as_str(), path, headers, body.as_bytes());
            response.assert_problem(401, "missing_api_key", "Missing API key");
            assert!(!format!("{response:?}").contains(secret), "{response:?}");
        };
        let query: Vec<String> =
            ["api_key", "apikey", "x-api-key", "key", "token", "access_token", "authorization"]
                .iter()
                .map(|name| format!("{name}={key}"))
                .collect();
        send(&format!("{path}?{}", query.join("&")), &[], "{}");
        send(&format!("{path}?Bearer%20{key}"), &[], "{}");
        send(&path, &[("cookie", &format!("x-api-key={key}; api_key={key}"))], "{}");
        send(&path, &[("authorization", &format!("Basic {key}"))], "{}");
        send(&path, &[("api-key", &key), ("x-auth-token", &key), ("x-apikey", &key)], "{}");
        send(&path, &[("content-type", "application/x-www-form-urlencoded")], &query.join("&"));
    }
}

fn no_response_repeats_a_key(database: Database) {
    let server = database.serve_demo();
    let key = server.key.clone();
    let secret = secret(&key);
    for endpoint in closed_endpoints() {
        let with_key = path_with(endpoint.path, |_| key.clone());
        let body = format!(
            r#"{{"{key}": "{key}", "Channel": ["{key}"], "text": 1, "email": "{key}", "scopes": ["{key}"]}}"#
        );
        for (path, presented) in [
            (with_key.clone(), &*key),
            (format!("{with_key}?{key}={key}&cursor={key}&limit={key}"), &*key),
            (with_key, &*format!("{key}x")),
        ] {
            let headers =
                [("x-api-key", presented), ("if-match", &*key), ("content-type", "application/json")];
            let response = server.send(endpoint.method.as_str(), &path, &headers, body.as_bytes());
            assert!(!format!("{response:?}").contains(secret), "{response:?}");
        }
    }
}

fn invalid_keys_are_refused(database: Database) {
    let server = database.serve_demo();
    let key = server.key.clone();
    let id = id(&key);
    for bad in [
        "wrong",
        "hd_",
        "hd__",
        &key[1..],
        &key[..key.len() - 1],
        &format!("{key}x"),
        &format!("x{key}"),
        &format!("hd_{id}_"),
        &format!("hd_{id}_{}", "A".repeat(43)),
        &key.replace("hd_", "HD_"),
        &key.replacen(id, "9-9", 1),
        &key.replacen(id, "99999999999999999999-1", 1),
        &"x".repeat(5_000),
    ] {
        with_key(&server, bad).assert_problem(401, "invalid_api_key", "Unauthorized - Invalid API key");
    }
    let head = b"POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: h\xff\xfe\r\ncontent-length: 2\r\n\r\n{}";
    server.send_bytes(head).assert_problem(401, "invalid_api_key", "Unauthorized - Invalid API key");
    assert_eq!(database.rows_of_tickets(), 0);
}

fn revoked_and_rotated_keys_are_refused(database: Database) {
    let server = database.serve_demo();
    let create =
        |arguments: &[&str]| database.hexdesk(&[&["key", "create", "--shop", SHOP], arguments].concat());
    let revoked = create(&[]);
    database.hexdesk(&["key", "revoke", id(&revoked)]);
    let lasting = create(&["--expires", "9999-12-31"]);
    let rotated = create(&[]);
    let successor = database.hexdesk(&["key", "rotate", id(&rotated), "--overlap", "0s"]);
    let overlapping = create(&[]);
    let second_successor = database.hexdesk(&["key", "rotate", id(&overlapping)]);
    for dead in [&revoked, &rotated] {
        with_key(&server, dead).assert_problem(401, "invalid_api_key", "Unauthorized - Invalid API key");
    }
    for live in [&lasting, &successor, &overlapping, &second_successor] {
        assert_eq!(with_key(&server, live).status, 201);
    }
}

fn a_key_of_a_closed_shop_gets_shop_not_found(database: Database) {
    database.hexdesk(&["shop", "create", "closed.example.com"]);
    let key = database.hexdesk(&["key", "create", "--shop", "closed.example.com"]);
    let closed = database.hexdesk(&["shop", "close", "closed.example.com"]);
    assert!(closed.contains("\tclosed "), "{closed}");
    let server = database.serve(&[]);
    with_key(&server, &key).assert_problem(404, "shop_not_found", "Shop not found");
}
