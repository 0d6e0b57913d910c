use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;

#[cfg(test)]
use super::examples;
use super::wire::{ApiKeyJson, ApiKeysAnswer};
use crate::list_query::{self, ListQuery, Pages};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};

static QUERY: ListQuery<()> = ListQuery::new("api-keys", Pages::WithTotal, |_| Ok(()));

/// `GET /api/v1/api-keys`: the keys of the calling key's shop in order of their ids, including
/// revoked and expired keys, a page at a time.
///
/// # Errors
/// 400 for an invalid parameter.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let shop = principal.shop.id;
    let (asked, ()) = QUERY.read(&request, shop)?;

    let total = asked.total(services.api_keys.count_keys(shop)).await?;
    let page = services.api_keys.list_keys(shop, asked.after, asked.size).await.map_err(storage_problem)?;
    let now = services.clock.now();
    let next = asked.next_cursor(page.next);
    let body = ApiKeysAnswer {
        success: true,
        api_keys: page.entries.iter().map(|key| ApiKeyJson::new(key, now)).collect(),
        next_cursor: next.as_deref(),
        total,
    };
    Ok(list_query::page_response(&request, next.as_deref()).json(body))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    let keys = [examples::manager(), examples::key()];
    Description::new(
        "listApiKeys",
        API_KEYS,
        "List API keys",
        "The keys of the shop in order of their ids, revoked and expired ones included, a page at a time. Unknown and \
         repeated parameters are errors.",
    )
    .parameters(QUERY.parameters())
    .returns::<ApiKeysAnswer<'static>>(
        StatusCode::OK,
        "A page of keys.",
        &[headers::LINK],
        [("last", json!({"success": true, "apiKeys": keys, "next_cursor": null}))],
    )
}
