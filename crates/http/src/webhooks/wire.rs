//! The JSON of webhooks.

#[cfg(test)]
use hexdesk_domain::{DisabledReason, EventKind, WebhookPayload};
use hexdesk_domain::{WebhookSnapshot, WebhookState};
use serde::Serialize;
#[cfg(test)]
use utoipa::ToSchema;
#[cfg(test)]
use utoipa::openapi::schema::Schema;

use crate::json_values::{LongId, Time};
#[cfg(test)]
use crate::openapi::schemas;

/// A webhook, without its secret.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = Webhook))]
pub(crate) struct WebhookJson<'a> {
    /// Its id, always as a string.
    id: LongId,
    /// The URL that receives the events.
    url: &'a str,
    /// The kinds of events that it sends; `null` for all.
    #[cfg_attr(test, schema(schema_with = kinds))]
    kinds: Option<Vec<&'static str>>,
    #[cfg_attr(test, schema(schema_with = payload))]
    payload: &'static str,
    /// The id of the API key whose changes it does not send; `null` for none.
    #[cfg_attr(test, schema(minimum = 1))]
    #[serde(rename = "ignoreKey")]
    ignore_key: Option<i64>,
    /// Whether it sends events.
    #[serde(rename = "isEnabled")]
    is_enabled: bool,
    #[cfg_attr(test, schema(schema_with = disabled_reason))]
    #[serde(rename = "disabledReason")]
    disabled_reason: Option<&'static str>,
    /// Since when it is disabled; `null` if it is enabled.
    #[serde(rename = "disabledAt")]
    disabled_at: Option<Time>,
    /// The time until which the secret before the last rotation signs, too; `null` without a rotation.
    #[serde(rename = "formerSecretEndsAt")]
    former_secret_ends_at: Option<Time>,
    /// When it was created.
    #[serde(rename = "createdAt")]
    created_at: Time,
    /// Its version, the number in its `ETag`: 1 when it is created, and higher after every change.
    #[cfg_attr(test, schema(minimum = 1))]
    version: i64,
}

impl<'a> WebhookJson<'a> {
    pub(crate) fn new(webhook: &'a WebhookSnapshot) -> Self {
        let disabled = match webhook.state {
            WebhookState::Enabled => None,
            WebhookState::Disabled { reason, at } => Some((reason, at)),
        };
        Self {
            id: LongId(webhook.id.get()),
            url: &webhook.url,
            kinds: webhook.kinds.as_ref().map(|kinds| kinds.iter().map(|kind| kind.as_str()).collect()),
            payload: webhook.payload.as_str(),
            ignore_key: webhook.ignore_key.map(hexdesk_domain::KeyNumber::get),
            is_enabled: disabled.is_none(),
            disabled_reason: disabled.map(|(reason, _)| reason.as_str()),
            disabled_at: disabled.map(|(_, at)| Time(at)),
            former_secret_ends_at: webhook.former_secret_ends_at.map(Time),
            created_at: Time(webhook.created_at),
            version: webhook.version,
        }
    }
}

#[cfg(test)]
fn kinds() -> Schema {
    let names: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let list = schemas::or_null(schemas::texts(names.len() as u64, schemas::one_of(&names)));
    schemas::described(list, "The kinds of events that it sends; `null` for all.")
}

#[cfg(test)]
fn payload() -> Schema {
    let names: Vec<&str> = WebhookPayload::ALL.iter().map(|payload| payload.as_str()).collect();
    schemas::described(schemas::one_of(&names), "`thin` leaves out the snapshots of events.")
}

#[cfg(test)]
fn disabled_reason() -> Schema {
    let names: Vec<&str> = DisabledReason::ALL.iter().map(|reason| reason.as_str()).collect();
    let text = "Why it is disabled; `null` if it is enabled. `gone`: the endpoint returned 410. `failing`: all \
        attempts failed for five days.";
    schemas::described(schemas::or_null(schemas::one_of(&names)), text)
}
