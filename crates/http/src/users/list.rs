use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{Principal, UserFilter};

use super::wire::{UserJson, UsersAnswer};
use crate::list_query::{self, PageRequest, QueryParameters};
use crate::problem::Problem;
use crate::services::{Started, storage_problem};

/// `GET /api/v1/users`: the users of the key's shop in order of their ids, a page at a time.
///
/// # Errors
/// 400 for a parameter that is none.
pub(crate) async fn list(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut parameters =
        QueryParameters::parse(&request, ["isActive"].into_iter().chain(list_query::PAGE_PARAMETERS))?;
    let shop = &principal.shop;
    let asked = PageRequest::read("users", shop.id, &mut parameters)?;
    let filter = UserFilter { is_active: parameters.flag("isActive")? };

    let total = asked.total(services.users.count_users(shop.id, filter)).await?;
    let page = services.users.list_users(shop.id, filter, asked.after, asked.limit).await;
    let page = page.map_err(storage_problem)?;
    let next = asked.next_cursor(page.next);
    let answer = UsersAnswer {
        success: true,
        users: page.entries.iter().map(|user| UserJson::new(user, shop.domain.as_str())).collect(),
        next_cursor: next.as_deref(),
        total,
    };
    Ok(list_query::page_response(&request, next.as_deref()).json(answer))
}
