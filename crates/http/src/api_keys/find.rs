use actix_web::{HttpResponse, web};
use hexdesk_domain::Principal;

use super::wire::ApiKeyAnswer;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::wire_id;

/// `GET /api/v1/api-keys/{keyId}`: a key of the asking key's shop, live or not.
///
/// # Errors
/// 400 for an id that is none, 404 for a key that the shop does not have.
pub(crate) async fn find(
    services: Started,
    principal: web::ReqData<Principal>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let number = wire_id::key_in_path(&id)?;
    let found = services.api_keys.find_key(principal.shop.id, number).await.map_err(storage_problem)?;
    let (key, _) = found.ok_or_else(Problem::api_key_not_found)?;
    Ok(HttpResponse::Ok().json(ApiKeyAnswer::new(&key, services.clock.now())))
}
