use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_domain::ports::DeleteWebhookOutcome;

use crate::entity_tag::IfMatch;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{request_body, wire_id};

/// `DELETE /api/v1/webhooks/{webhookId}`: deletes a webhook of the key's shop with its deliveries and
/// attempts. With `If-Match`, the webhook must have that version.
///
/// # Errors
/// - 400 for an invalid webhook id or `If-Match`
/// - 404 for a webhook that the shop does not have
/// - 412 for another version
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    webhook: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    request_body::discard(&request, payload.into_inner()).await;
    let webhook = wire_id::webhook_in_path(&webhook)?;
    let if_match = IfMatch::of(&request)?;
    let (shop, webhooks) = (principal.shop.id, &services.webhooks);
    let expected_version =
        if_match.expected_version_of(async || webhooks.version(shop, webhook).await).await?;
    let stamp = services.stamp(&principal);
    let outcome = webhooks.store.delete_webhook(shop, webhook, expected_version, stamp).await;
    match outcome.map_err(storage_problem)? {
        DeleteWebhookOutcome::Deleted => Ok(HttpResponse::NoContent().finish()),
        DeleteWebhookOutcome::NotFound => Err(Problem::webhook_not_found()),
        DeleteWebhookOutcome::VersionMismatch => Err(Problem::webhook_version_mismatch()),
    }
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "deleteWebhook",
        WEBHOOKS,
        "Delete a webhook",
        "Deletes a webhook with the messages that wait and the attempts. With `If-Match`, only if the webhook still \
         has that version.",
    )
    .parameters([parameters::webhook_id(), parameters::if_match()])
    .returns_nothing("The webhook is deleted.")
    .fails_with([
        Problem::webhook_not_found(),
        Problem::version_mismatch(),
        Problem::outcome_unknown(),
    ])
}
