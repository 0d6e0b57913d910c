//! `GET /openapi.json` and `GET /docs`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Database, Server, api_keys, both_databases, path_with};

const KEPT: &str = include_str!("../../../../docs/openapi.json");

/// The members with values that differ in each installation.
const HANDED_OUT: [&str; 13] = [
    "id",
    "ticketId",
    "date",
    "lastMessageTime",
    "openedAt",
    "creationDate",
    "time",
    "next_cursor",
    "createdAt",
    "revokedAt",
    "deactivatedAt",
    "prefix",
    "key",
];

/// Checks that two bodies have the same members, with the same values except for [`HANDED_OUT`].
fn assert_same(place: &str, response: &Value, example: &Value) {
    match (response, example) {
        (Value::Object(response), Value::Object(example)) => {
            let names =
                |members: &serde_json::Map<String, Value>| members.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(names(response), names(example), "{place}");
            for (name, shown) in example {
                if HANDED_OUT.contains(&name.as_str()) {
                    assert_eq!(response[name].is_string(), shown.is_string(), "{place}/{name}");
                    assert_eq!(response[name].is_number(), shown.is_number(), "{place}/{name}");
                } else {
                    assert_same(&format!("{place}/{name}"), &response[name], shown);
                }
            }
        }
        (Value::Array(response), Value::Array(example)) => {
            assert_eq!(response.len(), example.len(), "{place}");
            response
                .iter()
                .zip(example)
                .for_each(|(response, example)| assert_same(place, response, example));
        }
        _ => assert_eq!(response, example, "{place}"),
    }
}

/// Sends an example of an operation, for the ticket or key with this id. Checks that the response
/// equals the example in the document, and returns it.
fn assert_responds(
    server: &Server,
    method: &str,
    path: &str,
    id: &str,
    body: Option<&str>,
    status: u16,
    expected: &str,
) -> Value {
    let document: Value = serde_json::from_str(KEPT).unwrap();
    let operation = &document["paths"][path][method.to_lowercase()];
    let body = body.map_or(Value::Null, |name| {
        let body = &operation["requestBody"]["content"]["application/json"]["examples"][name]["value"];
        assert!(body.is_object(), "{method} {path} has no example {name}");
        body.clone()
    });
    let sent = if body.is_null() { String::new() } else { body.to_string() };
    let path_sent = path_with(path, |name| match name {
        "customerId" => "123".to_owned(),
        "userId" => "45".to_owned(),
        _ => id.to_owned(),
    });
    let response = server.send(method, &path_sent, &[("x-api-key", &server.key)], sent.as_bytes());
    assert_eq!(response.status, status, "{method} {path}: {response:?}");
    let described = &operation["responses"][status.to_string()];
    for name in described["headers"].as_object().unwrap().keys() {
        let is_present = response.header(&name.to_lowercase()).is_some();
        assert!(
            is_present || ["Idempotency-Replayed", "Link"].contains(&name.as_str()),
            "{name} of {method} {path}"
        );
    }
    let example = &described["content"]["application/json"]["examples"][expected]["value"];
    assert_same(&format!("{method} {path}"), &response.json(), example);
    response.json()
}

both_databases! {
    the_document_is_served_without_a_key,
    the_examples_are_real_responses,
    the_examples_of_users_and_keys_are_real_responses,
    the_examples_of_errors_are_real_responses,
    the_docs_page_loads_nothing,
}

fn the_document_is_served_without_a_key(database: Database) {
    let server = database.serve_demo();
    let response = server.send("GET", "/openapi.json", &[], b"");
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
    let kept: Value = serde_json::from_str(KEPT).unwrap();
    assert!(
        response.json() == kept,
        "docs/openapi.json differs from the served document: run `just openapi`"
    );
    assert_eq!(response.json()["openapi"], "3.1.0");
}

fn the_examples_are_real_responses(database: Database) {
    let server = database.serve_demo();
    let tickets = "/api/v1/tickets";
    let created = assert_responds(&server, "POST", tickets, "", Some("full"), 201, "full");
    let ticket = created["ticket"]["id"].as_str().unwrap();
    let one = "/api/v1/tickets/{ticketId}";
    assert_responds(&server, "GET", one, ticket, None, 200, "ticket");
    assert_responds(&server, "GET", tickets, "", None, 200, "last");
    assert_responds(&server, "GET", "/api/v1/tickets/getRecentConversations", "", None, 200, "last");
    assert_responds(
        &server,
        "POST",
        "/api/v1/tickets/{ticketId}/comments",
        ticket,
        Some("message"),
        201,
        "message",
    );
    assert_responds(&server, "GET", "/api/v1/tickets/{ticketId}/comments", ticket, None, 200, "all");
    assert_responds(&server, "PATCH", one, ticket, Some("assign"), 200, "assign");
    assert_responds(&server, "POST", "/api/v1/customers", "", Some("customer"), 201, "customer");
    assert_responds(&server, "GET", "/api/v1/customers/{customerId}", "", None, 200, "customer");
    assert_responds(&server, "GET", "/livez", "", None, 200, "live");
    assert_responds(&server, "GET", "/readyz", "", None, 200, "ready");
    let existing = server.send(
        "POST",
        "/api/v1/customers",
        &[("x-api-key", &server.key)],
        br#"{"email": "dev@example.com"}"#,
    );
    let document: Value = serde_json::from_str(KEPT).unwrap();
    let responses = &document["paths"]["/api/v1/customers"]["post"]["responses"];
    assert_same(
        "existing",
        &existing.json(),
        &responses["200"]["content"]["application/json"]["examples"]["existing"]["value"],
    );
}

fn the_examples_of_users_and_keys_are_real_responses(database: Database) {
    let server = api_keys::serve(&database);
    let (users, user) = ("/api/v1/users", "/api/v1/users/{userId}");
    assert_responds(&server, "GET", users, "", None, 200, "last");
    assert_responds(&server, "POST", users, "", Some("user"), 201, "user");
    assert_responds(&server, "GET", user, "", None, 200, "user");
    let (keys, key) = (api_keys::KEYS, "/api/v1/api-keys/{keyId}");
    let create = || {
        assert_responds(&server, "POST", keys, "", Some("agent"), 201, "agent")["apiKey"]["id"].to_string()
    };
    assert_responds(&server, "GET", key, &create(), None, 200, "agent");
    assert_responds(&server, "DELETE", key, &create(), None, 200, "agent");
    assert_responds(
        &server,
        "POST",
        "/api/v1/api-keys/{keyId}/rotate",
        &create(),
        Some("immediate"),
        201,
        "immediate",
    );
    assert_responds(&server, "PATCH", user, "", Some("deactivate"), 200, "deactivate");
}

fn the_examples_of_errors_are_real_responses(database: Database) {
    let server = database.serve_demo();
    let document: Value = serde_json::from_str(KEPT).unwrap();
    let shown = |component: &str, code: &str| {
        let mut example =
            document["components"]["responses"][component]["content"]["application/problem+json"]["examples"]
                [code]["value"]
                .clone();
        example["request_id"] = Value::Null;
        example
    };
    let given = |method: &str, path: &str, key: &str, body: &str| {
        let mut problem = server.send(method, path, &[("x-api-key", key)], body.as_bytes()).json();
        problem["request_id"] = Value::Null;
        problem
    };
    let key = server.key.as_str();
    let managing = api_keys::key(&database, &["--scope", "api_keys:manage"]);
    let of_tickets = r#"{"scopes": ["tickets:write"]}"#;
    for (problem, component, code) in [
        (given("GET", "/api/v1/tickets/1", "", ""), "InvalidApiKeyOrMissingApiKey", "missing_api_key"),
        (given("GET", "/api/v1/tickets/1", "x", ""), "InvalidApiKeyOrMissingApiKey", "invalid_api_key"),
        (given("GET", "/api/v1/tickets/1", key, ""), "ShopNotFoundOrTicketNotFound", "ticket_not_found"),
        (given("GET", "/api/v1/tickets?limit=0", key, ""), "InvalidParameter", "invalid_parameter"),
        (given("PUT", "/api/v1/tickets/1", key, ""), "MethodNotAllowed", "method_not_allowed"),
        (
            given("POST", "/api/v1/tickets", key, r#"{"Channel": "Mail"}"#),
            "InvalidBodyOrInvalidParameter",
            "invalid_body",
        ),
        (
            given("POST", "/api/v1/users", key, r#"{"email": "agent@example.com"}"#),
            "IdempotencyKeyInUseOrUserExists",
            "user_exists",
        ),
        (
            given("POST", api_keys::KEYS, &managing, of_tickets),
            "ExceedsOwnKeyOrMissingScope",
            "exceeds_own_key",
        ),
        (
            given("DELETE", "/api/v1/api-keys/99", &managing, ""),
            "ApiKeyNotFoundOrShopNotFound",
            "api_key_not_found",
        ),
    ] {
        assert_eq!(problem, shown(component, code), "{code}");
    }
}

fn the_docs_page_loads_nothing(database: Database) {
    let server = database.serve_demo();
    let response = server.send("GET", "/docs", &[], b"");
    assert_eq!((response.status, response.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = response.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(!response.body.contains("://"), "the page refers to another site");
    assert!(!response.body.contains("innerHTML"), "the page inserts text as HTML");
    assert!(response.body.contains("fetch(\"openapi.json\")"));
}

#[test]
fn a_difference_is_detected() {
    let differs = |response: Value, example: Value| {
        std::panic::catch_unwind(|| assert_same("", &response, &example)).is_err()
    };
    assert!(!differs(json!({"id": 1, "a": [null]}), json!({"id": 2, "a": [null]})));
    assert!(differs(json!({"id": "1"}), json!({"id": 2})));
    assert!(differs(json!({"a": 1, "b": 1}), json!({"a": 1})));
    assert!(differs(json!({"a": [1]}), json!({"a": []})));
}
