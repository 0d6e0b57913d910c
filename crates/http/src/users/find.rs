use actix_web::{HttpResponse, web};
use hexdesk_domain::Principal;

#[cfg(test)]
use super::examples;
use super::wire::UserAnswer;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::wire_id;

/// `GET /api/v1/users/{userId}`: a user of the key's shop, active or not.
///
/// # Errors
/// 400 for an invalid id, 404 for a user that the shop does not have.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = wire_id::user_in_path(&id)?;
    let shop = &principal.shop;
    let user = services.users.find_user(shop.id, id).await.map_err(storage_problem)?;
    let user = user.ok_or_else(Problem::user_not_found)?;
    Ok(HttpResponse::Ok().json(UserAnswer::new(&user, shop.domain.as_str())))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new("getUser", USERS, "Get a user", "A user of the shop, active or not.")
        .parameters([parameters::user_id()])
        .returns::<UserAnswer<'static>>(
            StatusCode::OK,
            "The user.",
            &[],
            [("user", json!({"success": true, "user": examples::user()}))],
        )
        .fails_with([Problem::user_not_found()])
}
