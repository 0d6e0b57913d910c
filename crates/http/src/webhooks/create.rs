use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::CreateWebhookOutcome;
use hexdesk_domain::{Principal, Webhook};

use super::answers::WebhookSecretAnswer;
use super::bodies::NEW_WEBHOOK;
#[cfg(test)]
use super::examples;
use super::refusal;
use crate::command::Command;
use crate::entity_tag;
use crate::idempotency::{self, StoredResponse};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;

/// `POST /api/v1/webhooks`: creates a webhook of the key's shop, and shows its secret once.
///
/// # Errors
/// - 400 with every invalid member
/// - 409 without a key that seals secrets, for one webhook too many, and if the server keeps events for
///   too short a time
/// - 409 for an `Idempotency-Key` in use
/// - 422 for a reused `Idempotency-Key`
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ((), draft, command) = Command::read(&request, payload, Ok(()), &NEW_WEBHOOK).await?;
    let manage = &services.webhooks.manage;
    let (members, idempotency) = command.accept(|| draft.violations(manage.allowed()))?;

    let _key_in_use = services.keys_in_use.begin(principal.shop.id, idempotency.as_ref())?;
    let secret = refusal::new_secret()?;
    let receipt = Arc::new(|outcome: &CreateWebhookOutcome| match outcome {
        CreateWebhookOutcome::Created(webhook) => Some(answer(webhook, None).into_receipt(None)),
        CreateWebhookOutcome::TooMany => None,
    });
    let outcome = manage
        .create(principal.caller(), draft, secret.as_bytes(), idempotency, receipt)
        .await
        .map_err(|error| refusal::problem(error, members))?;
    idempotency::respond(outcome, |outcome| match outcome {
        CreateWebhookOutcome::Created(webhook) => Ok(answer(&webhook, Some(&secret.text()))),
        CreateWebhookOutcome::TooMany => Err(Problem::too_many_webhooks()),
    })
}

fn answer(webhook: &Webhook, secret: Option<&str>) -> StoredResponse {
    let location = format!("/api/v1/webhooks/{}", webhook.id);
    StoredResponse::created(Some(location), &WebhookSecretAnswer::new(&webhook.into(), secret))
        .with_entity_tag(entity_tag::of_version(webhook.version))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "createWebhook",
        WEBHOOKS,
        "Create a webhook",
        "Creates an endpoint that receives the events of the shop from now on, and shows the secret that signs its \
         messages. The secret is shown only once. A shop has at most 20 webhooks.",
    )
    .body(
        NEW_WEBHOOK.schema(),
        [
            (
                "tickets",
                json!({"url": "https://example.com/hexdesk", "kinds": ["ticket.created", "ticket.updated"]}),
            ),
            ("everything", json!({"url": "https://example.com/hexdesk", "payload": "thin", "ignoreKey": 2})),
        ],
    )
    .returns::<WebhookSecretAnswer<'static>>(
        StatusCode::CREATED,
        "The webhook was created, now or by an earlier request with the same `Idempotency-Key`; then `secret` is \
         `null`.",
        &[headers::LOCATION, headers::ETAG, headers::IDEMPOTENCY_REPLAYED],
        [("tickets", json!({"success": true, "webhook": examples::webhook(), "secret": examples::SECRET}))],
    )
    .leads_to("getWebhook", "webhookId", "$response.body#/webhook/id")
    .leads_to("testWebhook", "webhookId", "$response.body#/webhook/id")
    .leads_to("rotateWebhook", "webhookId", "$response.body#/webhook/id")
    .leads_to("deleteWebhook", "webhookId", "$response.body#/webhook/id")
    .fails_with([
        Problem::event_retention_too_short(),
        Problem::secret_key_missing(),
        Problem::too_many_webhooks(),
    ])
}
