//! Users of the demo shop.

use serde_json::{Value, json};

use super::{Response, Server};

/// Sends this body to create a user.
pub(crate) fn create(server: &Server, body: &Value) -> Response {
    server.send("POST", "/api/v1/users", &[("x-api-key", &server.key)], body.to_string().as_bytes())
}

/// The user in the response.
#[track_caller]
pub(crate) fn user(response: &Response) -> Value {
    assert!(matches!(response.status, 200 | 201), "{response:?}");
    assert_eq!(response.json()["success"], true);
    response.json()["user"].clone()
}

/// Creates a user with this e-mail address, and returns its id.
#[track_caller]
pub(crate) fn create_user(server: &Server, email: &str) -> i64 {
    user(&create(server, &json!({ "email": email })))["id"].as_i64().unwrap()
}
