use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_domain::ports::UpdateWebhookOutcome;

#[cfg(test)]
use super::answers::WebhookAnswer;
use super::bodies::WEBHOOK_CHANGES;
#[cfg(test)]
use super::examples;
use super::{answers, refusal};
use crate::command::Command;
use crate::entity_tag::IfMatch;
use crate::idempotency;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;
use crate::wire_id;

/// `PATCH /api/v1/webhooks/{webhookId}`: changes a webhook of the key's shop. With `If-Match`, the
/// webhook must have that version.
///
/// # Errors
/// - 400 for an invalid webhook id or `If-Match`, and with every invalid member
/// - 404 for a webhook that the shop does not have
/// - 412 for another version
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
    let (webhook, changes, command) = Command::read(&request, payload, webhook, &WEBHOOK_CHANGES).await?;
    let if_match = IfMatch::of(&request)?;
    let (shop, webhooks) = (principal.shop.id, &services.webhooks);
    let (members, idempotency) = command.accept(|| changes.violations(webhooks.manage.allowed()))?;

    let expected_version =
        if_match.expected_version_of(async || webhooks.version(shop, webhook).await).await?;
    let _key_in_use = services.keys_in_use.begin(shop, idempotency.as_ref())?;
    let receipt = Arc::new(|outcome: &UpdateWebhookOutcome| match outcome {
        UpdateWebhookOutcome::Updated(webhook) => Some(answers::webhook(webhook).into_receipt(None)),
        UpdateWebhookOutcome::NotFound | UpdateWebhookOutcome::VersionMismatch => None,
    });
    let outcome = webhooks
        .manage
        .update(principal.caller(), webhook, changes, expected_version, idempotency, receipt)
        .await
        .map_err(|error| refusal::problem(error, members))?;
    idempotency::respond(outcome, |outcome| match outcome {
        UpdateWebhookOutcome::Updated(webhook) => Ok(answers::webhook(&webhook)),
        UpdateWebhookOutcome::NotFound => Err(Problem::webhook_not_found()),
        UpdateWebhookOutcome::VersionMismatch => Err(Problem::webhook_version_mismatch()),
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "updateWebhook",
        WEBHOOKS,
        "Change a webhook",
        "Changes the members in the body; `null` clears. Messages that wait are sent as the webhook is then. With \
         `If-Match`, only if the webhook still has that version.",
    )
    .parameters([parameters::webhook_id(), parameters::if_match()])
    .body(
        WEBHOOK_CHANGES.schema(),
        [("disable", json!({"isEnabled": false})), ("everything", json!({"kinds": null}))],
    )
    .returns::<WebhookAnswer<'static>>(
        StatusCode::OK,
        "The webhook after the change, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::ETAG, headers::IDEMPOTENCY_REPLAYED],
        [("disable", json!({"success": true, "webhook": examples::disabled()}))],
    )
    .fails_with([Problem::webhook_not_found(), Problem::version_mismatch()])
}
