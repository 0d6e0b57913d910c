//! API keys of the demo shop.

use serde_json::{Value, json};

use super::{Database, Response, SHOP, Server};

/// The path of the list of keys.
pub(crate) const KEYS: &str = "/api/v1/api-keys";

/// Creates a key by the command line, with these options.
pub(crate) fn key(database: &Database, options: &[&str]) -> String {
    database.hexdesk(&[&["key", "create", "--shop", SHOP], options].concat())
}

/// Creates a key that has every scope, with these options.
pub(crate) fn manager(database: &Database, options: &[&str]) -> String {
    let all: Vec<&str> = hexdesk_domain::Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    key(database, &[&["--scope", &all.join(",")], options].concat())
}

/// A server with the demo shop and a key that has every scope.
pub(crate) fn serve(database: &Database) -> Server {
    let mut server = database.serve_demo();
    server.key = manager(database, &[]);
    server
}

/// The path of this key.
pub(crate) fn path(key: &str) -> String {
    let (_, number) = id(key).split_once('-').unwrap();
    format!("{KEYS}/{number}")
}

/// The id in the text of a key: the numbers of its shop and of the key.
pub(crate) fn id(key: &str) -> &str {
    key.split('_').nth(1).unwrap()
}

/// The secret in the text of a key. It may contain underscores.
pub(crate) fn secret(key: &str) -> &str {
    key.splitn(3, '_').nth(2).unwrap()
}

/// Sends this body with this key.
pub(crate) fn post(server: &Server, key: &str, path: &str, body: &Value) -> Response {
    server.send("POST", path, &[("x-api-key", key)], body.to_string().as_bytes())
}

/// The created key in the response, and its text.
#[track_caller]
pub(crate) fn created(response: &Response) -> (Value, String) {
    assert_eq!((response.status, &response.json()["success"]), (201, &json!(true)), "{response:?}");
    (response.json()["apiKey"].clone(), response.json()["key"].as_str().unwrap().to_owned())
}

/// The found key in the response.
#[track_caller]
pub(crate) fn found(response: &Response) -> Value {
    assert_eq!((response.status, &response.json()["success"]), (200, &json!(true)), "{response:?}");
    response.json()["apiKey"].clone()
}

/// The list of keys.
#[track_caller]
pub(crate) fn list(server: &Server, query: &str) -> Value {
    let response = server.get(&format!("{KEYS}{query}"));
    assert_eq!((response.status, &response.json()["success"]), (200, &json!(true)), "{query}: {response:?}");
    response.json()
}

/// Whether the server accepts the key.
pub(crate) fn works(server: &Server, key: &str) -> bool {
    match server.send("GET", "/api/v1/tickets", &[("x-api-key", key)], b"").status {
        200 | 403 => true,
        401 => false,
        other => panic!("{other}"),
    }
}
