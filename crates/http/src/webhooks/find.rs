use actix_web::{HttpResponse, web};
use hexdesk_domain::Principal;

use super::answers;
#[cfg(test)]
use super::answers::WebhookAnswer;
#[cfg(test)]
use super::examples;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::wire_id;

/// `GET /api/v1/webhooks/{webhookId}`: a webhook of the key's shop, without its secret.
///
/// # Errors
/// 400 for an invalid id, 404 for a webhook that the shop does not have.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    webhook: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let webhook = wire_id::webhook_in_path(&webhook)?;
    let found = services.webhooks.store.find_webhook(principal.shop.id, webhook).await;
    let found = found.map_err(storage_problem)?.ok_or_else(Problem::webhook_not_found)?;
    Ok(answers::webhook(&found).into_response(false))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new("getWebhook", WEBHOOKS, "Get a webhook", "A webhook of the shop, without its secret.")
        .parameters([parameters::webhook_id()])
        .returns::<WebhookAnswer<'static>>(
            StatusCode::OK,
            "The webhook.",
            &[headers::ETAG],
            [("tickets", json!({"success": true, "webhook": examples::webhook()}))],
        )
        .fails_with([Problem::webhook_not_found()])
}
