use actix_web::{HttpResponse, web};
use hexdesk_domain::Principal;

use super::wire::UserAnswer;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::wire_id;

/// `GET /api/v1/users/{userId}`: a user of the key's shop, active or not.
///
/// # Errors
/// 400 for an id that is none, 404 for a user that the shop does not have.
pub(crate) async fn find(
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
