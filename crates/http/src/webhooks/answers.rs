//! The responses about webhooks.

use hexdesk_domain::{Attempt, AttemptResult, ShopId, Webhook, WebhookId, WebhookMessageId, WebhookSnapshot};
#[cfg(test)]
use hexdesk_domain::{AttemptError, EventKind};
use serde::Serialize;
#[cfg(test)]
use utoipa::ToSchema;
#[cfg(test)]
use utoipa::openapi::schema::Schema;

use super::WebhookJson;
use crate::idempotency::StoredResponse;
use crate::json_values::Time;
#[cfg(test)]
use crate::openapi::schemas;
use crate::{entity_tag, events};

/// `{"success":true,"webhook":{…}}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(super) struct WebhookAnswer<'a> {
    /// Always `true`.
    success: bool,
    /// The webhook.
    webhook: WebhookJson<'a>,
}

impl<'a> WebhookAnswer<'a> {
    pub(super) fn new(webhook: &'a WebhookSnapshot) -> Self {
        Self { success: true, webhook: WebhookJson::new(webhook) }
    }
}

/// `{"success":true,"webhook":{…},"secret":"whsec_…"}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(super) struct WebhookSecretAnswer<'a> {
    /// Always `true`.
    success: bool,
    /// The webhook.
    webhook: WebhookJson<'a>,
    /// The secret that signs. It is shown once: it is `null` in the response to the same request sent again.
    #[cfg_attr(test, schema(format = Password))]
    secret: Option<&'a str>,
}

impl<'a> WebhookSecretAnswer<'a> {
    pub(super) fn new(webhook: &'a WebhookSnapshot, secret: Option<&'a str>) -> Self {
        Self { success: true, webhook: WebhookJson::new(webhook), secret }
    }
}

/// `{"success":true,"webhooks":[…]}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(super) struct WebhooksAnswer<'a> {
    /// Always `true`.
    success: bool,
    /// All webhooks of the shop.
    webhooks: Vec<WebhookJson<'a>>,
}

impl<'a> WebhooksAnswer<'a> {
    pub(super) fn new(webhooks: &'a [WebhookSnapshot]) -> Self {
        Self { success: true, webhooks: webhooks.iter().map(WebhookJson::new).collect() }
    }
}

/// `{"success":true,"replayed":n}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(super) struct WebhookReplayAnswer {
    /// Always `true`.
    pub(super) success: bool,
    /// The number of events that are sent again.
    pub(super) replayed: u64,
}

/// `{"success":true,"attempt":{…}}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(super) struct WebhookAttemptAnswer {
    /// Always `true`.
    pub(super) success: bool,
    /// The attempt.
    pub(super) attempt: AttemptJson,
}

/// `{"success":true,"attempts":[…],"next_cursor":…}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(super) struct WebhookAttemptsAnswer<'a> {
    /// Always `true`.
    pub(super) success: bool,
    /// The attempts of this page.
    pub(super) attempts: Vec<AttemptJson>,
    /// The `cursor` of the next page; `null` on the last.
    pub(super) next_cursor: Option<&'a str>,
}

/// An attempt to send a message.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = WebhookAttempt))]
pub(super) struct AttemptJson {
    /// Its number among the attempts of the webhook, from 1.
    #[cfg_attr(test, schema(minimum = 1))]
    number: i64,
    #[cfg_attr(test, schema(schema_with = kind))]
    kind: &'static str,
    /// The cursor of the event; `null` for a test.
    event: Option<String>,
    /// The header `webhook-id`; `null` for a test.
    #[serde(rename = "messageId")]
    message_id: Option<String>,
    /// Its number among the attempts of the message, from 1.
    #[cfg_attr(test, schema(minimum = 1))]
    attempt: u32,
    /// When it began.
    time: Time,
    /// How long it took, in milliseconds.
    #[serde(rename = "durationMillis")]
    #[cfg_attr(test, schema(minimum = 0))]
    duration_millis: i64,
    /// The status of the response; `null` without one.
    status: Option<u16>,
    #[cfg_attr(test, schema(schema_with = error))]
    error: Option<&'static str>,
    /// When the message is attempted again; `null` if it succeeded or was given up.
    #[serde(rename = "nextAttemptAt")]
    next_attempt_at: Option<Time>,
}

impl AttemptJson {
    pub(super) fn new(shop: ShopId, webhook: WebhookId, attempt: &Attempt) -> Self {
        let Attempt { number, position, kind, of_delivery, made, next_due } = *attempt;
        let (status, error) = match made.result {
            AttemptResult::Status(status) => (Some(status), None),
            AttemptResult::Error(error) => (None, Some(error.as_str())),
        };
        Self {
            number,
            kind: kind.map_or("webhook.test", |kind| kind.as_str()),
            event: position.map(|position| events::cursor(shop, position)),
            message_id: position.map(|position| WebhookMessageId::Event(webhook, position).to_string()),
            attempt: of_delivery,
            time: Time(made.time),
            duration_millis: made.duration_millis,
            status,
            error,
            next_attempt_at: next_due.map(Time),
        }
    }
}

#[cfg(test)]
fn kind() -> Schema {
    let kinds = EventKind::ALL.iter().map(|kind| kind.as_str());
    let kinds: Vec<&str> = kinds.chain(["webhook.test"]).collect();
    schemas::described(schemas::one_of(&kinds), "The kind of the event, or `webhook.test`.")
}

#[cfg(test)]
fn error() -> Schema {
    let names: Vec<&str> = AttemptError::ALL.iter().map(|error| error.as_str()).collect();
    let text = "Why there is no status; `null` with one.";
    schemas::described(schemas::or_null(schemas::one_of(&names)), text)
}

/// Returns the response with the webhook's version in its `ETag`.
pub(crate) fn webhook(webhook: &Webhook) -> StoredResponse {
    StoredResponse::ok(&WebhookAnswer::new(&webhook.into()))
        .with_entity_tag(entity_tag::of_version(webhook.version))
}
