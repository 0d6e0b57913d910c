//! The examples of the API key routes.

use hexdesk_domain::{Excess, Scope};
use serde_json::{Value, json};

use crate::problem::Problem;

pub(super) fn exceeds() -> Problem {
    Problem::exceeds_own_key("make", Excess::Scope(Scope::TicketsWrite))
}

pub(super) fn manager() -> Value {
    json!({
        "id": 1,
        "prefix": "hd_1-1_",
        "scopes": Scope::ALL.iter().copied().map(Scope::as_str).collect::<Vec<_>>(),
        "userId": null,
        "createdAt": "2026-04-28T00:00:00.000Z",
        "expiresAt": null,
        "revokedAt": null,
        "isLive": true
    })
}

pub(super) fn key() -> Value {
    json!({
        "id": 2,
        "prefix": "hd_1-2_",
        "scopes": ["tickets:read", "tickets:write"],
        "userId": 45,
        "createdAt": "2026-04-28T00:00:00.000Z",
        "expiresAt": "2999-01-01T00:00:00.000Z",
        "revokedAt": null,
        "isLive": true
    })
}

pub(super) fn successor() -> Value {
    let mut key = key();
    key["id"] = json!(3);
    key["prefix"] = json!("hd_1-3_");
    key["expiresAt"] = Value::Null;
    key
}

pub(super) fn revoked() -> Value {
    let mut key = key();
    key["revokedAt"] = json!("2026-05-01T09:30:00.000Z");
    key["isLive"] = json!(false);
    key
}

/// Returns the text of the key with this id. Its secret belongs to no key.
pub(super) fn text(id: i64) -> String {
    format!("hd_1-{id}_{}", "x".repeat(43))
}
