use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{Attempt, Clock, DeliveryStore, Principal, SecretSealer, Webhook};
use hexdesk_webhooks::WebhookClient;

use super::answers::{AttemptJson, WebhookAttemptAnswer};
#[cfg(test)]
use super::examples;
use super::messages::{TestError, send_test};
use super::refusal;
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
    let (sealer, deliveries) = (&*webhooks.sealer, &*webhooks.deliveries);
    let sent = send(&webhook, sealer, &webhooks.client, deliveries, &*services.clock).await?;
    let attempt = sent.ok_or_else(Problem::webhook_not_found)?;
    let body = WebhookAttemptAnswer { success: true, attempt: AttemptJson::new(shop, id, &attempt) };
    Ok(HttpResponse::Ok().json(body))
}

/// Sends a test message, and notes the attempt. Returns `None` if the webhook was deleted meanwhile.
///
/// # Errors
/// 409 without the key of its secret.
pub(crate) async fn send(
    webhook: &Webhook,
    sealer: &dyn SecretSealer,
    client: &WebhookClient,
    deliveries: &dyn DeliveryStore,
    clock: &dyn Clock,
) -> Result<Option<Attempt>, Problem> {
    let sent = send_test(webhook, sealer, client, deliveries, clock.now()).await;
    sent.map_err(|error| match error {
        TestError::Sealer(error) => refusal::sealer_problem(&error),
        TestError::Storage(error) => storage_problem(error),
        TestError::Render(_) => {
            tracing::error!(%error, "a webhook was not tested");
            Problem::internal()
        }
    })
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
