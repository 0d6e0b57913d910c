use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;

use super::wire::{ApiKeyJson, ApiKeysAnswer};
use crate::list_query::{self, PageRequest, QueryParameters};
use crate::problem::Problem;
use crate::services::{Started, storage_problem};

/// `GET /api/v1/api-keys`: the keys of the asking key's shop in order of their ids, revoked
/// and expired ones included, a page at a time.
///
/// # Errors
/// 400 for a parameter that is none.
pub(crate) async fn list(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut parameters = QueryParameters::parse(&request, list_query::PAGE_PARAMETERS)?;
    let shop = principal.shop.id;
    let asked = PageRequest::read("api-keys", shop, &mut parameters)?;

    let total = asked.total(services.api_keys.count_keys(shop)).await?;
    let page = services.api_keys.list_keys(shop, asked.after, asked.limit).await.map_err(storage_problem)?;
    let now = services.clock.now();
    let next = asked.next_cursor(page.next);
    let answer = ApiKeysAnswer {
        success: true,
        api_keys: page.entries.iter().map(|key| ApiKeyJson::new(key, now)).collect(),
        next_cursor: next.as_deref(),
        total,
    };
    Ok(list_query::page_response(&request, next.as_deref()).json(answer))
}
