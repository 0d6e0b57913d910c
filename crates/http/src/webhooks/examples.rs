//! The examples of the webhook routes.

use serde_json::{Value, json};

/// Shaped as a secret. It belongs to no webhook.
pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(super) fn webhook() -> Value {
    json!({
        "id": "385641613176606720",
        "url": "https://example.com/hexdesk",
        "kinds": ["ticket.created", "ticket.updated"],
        "payload": "full",
        "ignoreKey": null,
        "isEnabled": true,
        "disabledReason": null,
        "disabledAt": null,
        "formerSecretEndsAt": null,
        "createdAt": "2026-04-28T00:00:00.000Z",
        "version": 1
    })
}

pub(super) fn disabled() -> Value {
    let mut webhook = webhook();
    webhook["isEnabled"] = json!(false);
    webhook["disabledReason"] = json!("requested");
    webhook["disabledAt"] = json!("2026-04-29T08:30:00.000Z");
    webhook["version"] = json!(2);
    webhook
}

pub(super) fn rotated() -> Value {
    let mut webhook = webhook();
    webhook["formerSecretEndsAt"] = json!("2026-04-30T00:00:00.000Z");
    webhook["version"] = json!(2);
    webhook
}

pub(super) fn test() -> Value {
    json!({
        "number": 2,
        "kind": "webhook.test",
        "event": null,
        "messageId": null,
        "attempt": 1,
        "time": "2026-04-28T00:00:05.000Z",
        "durationMillis": 31,
        "status": 204,
        "error": null,
        "nextAttemptAt": null
    })
}

pub(super) fn failed() -> Value {
    json!({
        "number": 1,
        "kind": "ticket.created",
        "event": "AQAAAAAAAAArAAAAAAAAAAcAAAAAAAAAAJvLb5h0b1nDwDo4Aw",
        "messageId": "msg_385641613176606720_43_7",
        "attempt": 1,
        "time": "2026-04-28T00:00:00.000Z",
        "durationMillis": 5000,
        "status": null,
        "error": "timeout",
        "nextAttemptAt": "2026-04-28T00:00:10.000Z"
    })
}
