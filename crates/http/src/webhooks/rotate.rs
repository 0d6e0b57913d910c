use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::UpdateWebhookOutcome;
use hexdesk_domain::{ManageWebhooksError, Principal, Webhook};

use super::answers::WebhookSecretAnswer;
use super::bodies::WEBHOOK_ROTATION;
#[cfg(test)]
use super::examples;
use super::refusal;
use crate::command::Command;
use crate::idempotency::{self, StoredResponse};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{entity_tag, wire_id};

/// `POST /api/v1/webhooks/{webhookId}/rotate`: gives a webhook of the key's shop a new secret, and
/// shows it once.
///
/// # Errors
/// - 400 for an invalid webhook id, and with every invalid member
/// - 404 for a webhook that the shop does not have
/// - 409 without a key that seals secrets
/// - 409 for an `Idempotency-Key` in use
/// - 422 for a reused `Idempotency-Key`
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    webhook: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let webhook = wire_id::webhook_in_path(&webhook);
    let (webhook, draft, command) = Command::read(&request, payload, webhook, &WEBHOOK_ROTATION).await?;
    let (members, idempotency) = command.accept(|| draft.violations())?;

    let shop = principal.shop.id;
    let _key_in_use = services.keys_in_use.begin(shop, idempotency.as_ref())?;
    let secret = refusal::new_secret()?;
    let receipt = Arc::new(|outcome: &UpdateWebhookOutcome| match outcome {
        UpdateWebhookOutcome::Updated(webhook) => Some(answer(webhook, None).into_receipt(None)),
        UpdateWebhookOutcome::NotFound | UpdateWebhookOutcome::VersionMismatch => None,
    });
    let rotated = services
        .webhooks
        .manage
        .rotate(principal.caller(), webhook, draft, secret.as_bytes(), idempotency, receipt)
        .await;
    // The secret is sealed before the store looks for the webhook.
    if let Err(ManageWebhooksError::Sealer(_)) = rotated {
        let found = services.webhooks.store.find_webhook(shop, webhook).await.map_err(storage_problem)?;
        found.ok_or_else(Problem::webhook_not_found)?;
    }
    let outcome = rotated.map_err(|error| refusal::problem(error, members))?;
    idempotency::respond(outcome, |outcome| match outcome {
        UpdateWebhookOutcome::Updated(webhook) => Ok(answer(&webhook, Some(&secret.text()))),
        UpdateWebhookOutcome::NotFound => Err(Problem::webhook_not_found()),
        UpdateWebhookOutcome::VersionMismatch => Err(Problem::webhook_version_mismatch()),
    })
}

fn answer(webhook: &Webhook, secret: Option<&str>) -> StoredResponse {
    StoredResponse::ok(&WebhookSecretAnswer::new(&webhook.into(), secret))
        .with_entity_tag(entity_tag::of_version(webhook.version))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "rotateWebhook",
        WEBHOOKS,
        "Rotate the secret of a webhook",
        "Gives a webhook a new secret, and shows it only once. The old secret signs, too, for the overlap. Another \
         rotation within the overlap ends the older secret at once.",
    )
    .parameters([parameters::webhook_id()])
    .body(WEBHOOK_ROTATION.schema(), [("default", json!({})), ("immediate", json!({"overlapSeconds": 0}))])
    .returns::<WebhookSecretAnswer<'static>>(
        StatusCode::OK,
        "The webhook after the rotation, now or by an earlier request with the same `Idempotency-Key`; then \
         `secret` is `null`.",
        &[headers::ETAG, headers::IDEMPOTENCY_REPLAYED],
        [("default", json!({"success": true, "webhook": examples::rotated(), "secret": examples::SECRET}))],
    )
    .fails_with([Problem::webhook_not_found(), Problem::secret_key_missing()])
}
