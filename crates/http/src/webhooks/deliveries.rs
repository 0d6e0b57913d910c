use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;

use super::answers::{AttemptJson, WebhookAttemptsAnswer};
#[cfg(test)]
use super::examples;
use crate::cursor::CursorSeal;
use crate::list_query::{self, ListQuery, Pages, QueryParameters};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::wire_id;

static QUERY: ListQuery<(Option<u32>, Option<String>)> = ListQuery::new("deliveries", Pages::Own, page);

/// `GET /api/v1/webhooks/{webhookId}/deliveries`: the attempts of a webhook of the key's shop, newest
/// first, a page at a time.
///
/// # Errors
/// 400 for an invalid webhook id or parameter, 404 for a webhook that the shop does not have.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    webhook: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let webhook = wire_id::webhook_in_path(&webhook)?;
    let shop = principal.shop.id;
    let (limit, cursor) = page(&mut QUERY.parse(&request)?)?;
    let seal = CursorSeal::new("deliveries", shop, &webhook.to_string());
    let before = list_query::open(&seal, cursor)?;
    let size = list_query::page_size(limit);
    let page = services.webhooks.deliveries.list_attempts(shop, webhook, before, size).await;
    let page = page.map_err(storage_problem)?.ok_or_else(Problem::webhook_not_found)?;
    let next = page.next.map(|number| seal.seal(&number));
    let body = WebhookAttemptsAnswer {
        success: true,
        attempts: page.entries.iter().map(|attempt| AttemptJson::new(shop, webhook, attempt)).collect(),
        next_cursor: next.as_deref(),
    };
    Ok(list_query::page_response(&request, next.as_deref()).json(body))
}

fn page(query: &mut QueryParameters) -> Result<(Option<u32>, Option<String>), Problem> {
    Ok((query.limit("How many attempts the page may have. The default is 50.")?, query.cursor(Pages::Plain)))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "listWebhookDeliveries",
        WEBHOOKS,
        "List the deliveries of a webhook",
        "The attempts of a webhook, tests included, newest first, a page at a time. Unknown and repeated parameters \
         are errors.",
    )
    .parameters([parameters::webhook_id()])
    .parameters(QUERY.parameters())
    .returns::<WebhookAttemptsAnswer<'static>>(
        StatusCode::OK,
        "A page of attempts.",
        &[headers::LINK],
        [(
            "last",
            json!({
                "success": true,
                "attempts": [examples::test(), examples::failed()],
                "next_cursor": null
            }),
        )],
    )
    .fails_with([Problem::webhook_not_found()])
}
