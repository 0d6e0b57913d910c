//! The event log of the demo shop.

use std::time::Instant;

use serde_json::{Value, json};

use super::api_keys::post;
use super::{PATIENCE, Server, pages};

/// The path of the log.
pub(crate) const EVENTS: &str = "/api/v1/events";

/// Waits until `look` returns something.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "timed out before {what}");
        std::thread::yield_now();
    }
}

/// Every event from this path on.
pub(crate) fn walk(server: &Server, path: &str) -> Vec<Value> {
    pages::walk(server, path, "events").concat()
}

/// All events before this call. PostgreSQL hides an event while an earlier transaction runs, so
/// this creates a marker event and waits until that is visible.
pub(crate) fn settled_log(server: &Server) -> Vec<Value> {
    let marker = post(server, &server.key, "/api/v1/users", &json!({"email": free_address(server)})).json();
    let id = marker["user"]["id"].to_string();
    eventually("the marker's event", || {
        let mut events = walk(server, &format!("{EVENTS}?limit=100"));
        let last = events.iter().position(|event| event["subject"] == json!({"type": "user", "id": id}))?;
        events.truncate(last);
        Some(events)
    })
}

/// An e-mail address that no user has. It contains the number of users.
fn free_address(server: &Server) -> String {
    let total = server.get("/api/v1/users?include=total").json()["total"].to_string();
    format!("marker-{total}@example.com")
}
