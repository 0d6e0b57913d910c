use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{Principal, UserFilter};

#[cfg(test)]
use super::examples;
use super::wire::{UserJson, UsersAnswer};
use crate::list_query::{self, ListQuery, Pages, QueryParameters};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};

static QUERY: ListQuery<UserFilter> = ListQuery::new("users", Pages::WithTotal, filter);

/// `GET /api/v1/users`: the users of the key's shop in order of their ids, a page at a time.
///
/// # Errors
/// 400 for an invalid parameter.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let shop = &principal.shop;
    let (asked, filter) = QUERY.read(&request, shop.id)?;

    let total = asked.total(services.users.count_users(shop.id, filter.clone())).await?;
    let page = services.users.list_users(shop.id, filter, asked.after, asked.size).await;
    let page = page.map_err(storage_problem)?;
    let next = asked.next_cursor(page.next);
    let body = UsersAnswer {
        success: true,
        users: page.entries.iter().map(|user| UserJson::new(user, shop.domain.as_str())).collect(),
        next_cursor: next.as_deref(),
        total,
    };
    Ok(list_query::page_response(&request, next.as_deref()).json(body))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "listUsers",
        USERS,
        "List users",
        "The users of the shop in order of their ids, a page at a time. Unknown and repeated parameters are errors.",
    )
    .parameters(QUERY.parameters())
    .returns::<UsersAnswer<'static>>(
        StatusCode::OK,
        "A page of users.",
        &[headers::LINK],
        [("last", json!({"success": true, "users": [examples::user()], "next_cursor": null}))],
    )
}

fn filter(query: &mut QueryParameters) -> Result<UserFilter, Problem> {
    Ok(UserFilter {
        email: query.text("email", "Its e-mail address; case makes no difference."),
        is_active: query.flag("isActive", "Whether it is active. The default is all users.")?,
    })
}
