use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{Principal, WebhookSnapshot};

use super::answers::WebhooksAnswer;
#[cfg(test)]
use super::examples;
use crate::list_query::{ListQuery, Pages};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};

/// A shop has at most 20, so there are no pages.
static QUERY: ListQuery<()> = ListQuery::new("webhooks", Pages::Own, |_| Ok(()));

/// `GET /api/v1/webhooks`: all webhooks of the key's shop in order of their ids.
///
/// # Errors
/// 400 for any parameter.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    QUERY.parse(&request)?;
    let found = services.webhooks.store.list_webhooks(principal.shop.id).await.map_err(storage_problem)?;
    let found: Vec<WebhookSnapshot> = found.iter().map(WebhookSnapshot::from).collect();
    Ok(HttpResponse::Ok().json(WebhooksAnswer::new(&found)))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "listWebhooks",
        WEBHOOKS,
        "List webhooks",
        "All webhooks of the shop in order of their ids, without their secrets. A shop has at most 20. Parameters \
         are errors.",
    )
    .returns::<WebhooksAnswer<'static>>(
        StatusCode::OK,
        "The webhooks.",
        &[],
        [("one", json!({"success": true, "webhooks": [examples::webhook()]}))],
    )
    .fails_with([Problem::invalid_parameter("limit must be a whole number from 1 to 100")])
}
