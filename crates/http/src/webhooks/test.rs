use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_webhooks::open_secrets;

use super::answers::{AttemptJson, WebhookAttemptAnswer};
#[cfg(test)]
use super::examples;
use super::{messages, refusal};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{request_body, wire_id};

/// `POST /api/v1/webhooks/{webhookId}/test`: sends a test message now, once.
///
/// # Errors
/// - 400 for an invalid webhook id
/// - 404 for a webhook that the shop does not have
/// - 409 without the key of its secret
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    webhook: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    request_body::discard(&request, payload.into_inner()).await;
    let id = wire_id::webhook_in_path(&webhook)?;
    let (shop, webhooks) = (principal.shop.id, &services.webhooks);
    let found = webhooks.store.find_webhook(shop, id).await.map_err(storage_problem)?;
    let webhook = found.ok_or_else(Problem::webhook_not_found)?;
    let now = services.clock.now();
    let secrets =
        open_secrets(&*webhooks.sealer, &webhook, now).map_err(|error| refusal::sealer_problem(&error))?;
    let message = messages::test(id, now, secrets).map_err(|error| {
        tracing::error!(%error, "a test of a webhook cannot be rendered");
        Problem::internal()
    })?;
    let made = webhooks.client.attempt(&webhook.url, &message).await.attempt;
    let noted = webhooks.deliveries.note_test(shop, id, made).await.map_err(storage_problem)?;
    let attempt = noted.ok_or_else(Problem::webhook_not_found)?;
    let body = WebhookAttemptAnswer { success: true, attempt: AttemptJson::new(shop, id, &attempt) };
    Ok(HttpResponse::Ok().json(body))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "testWebhook",
        WEBHOOKS,
        "Test a webhook",
        "Sends a message of the kind `webhook.test` once, and returns the attempt, whether it succeeded or not. It \
         takes up to 20 seconds. A disabled webhook can be tested, too. Every request sends a message.",
    )
    .parameters([parameters::webhook_id()])
    .returns::<WebhookAttemptAnswer>(
        StatusCode::OK,
        "The attempt.",
        &[],
        [("accepted", json!({"success": true, "attempt": examples::test()}))],
    )
    .fails_with([Problem::webhook_not_found(), Problem::secret_key_missing(), Problem::outcome_unknown()])
}
