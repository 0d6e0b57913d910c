use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;

use super::wire::ApiKeyAnswer;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{request_body, wire_id};

/// `DELETE /api/v1/api-keys/{keyId}`: revokes a key of the asking key's shop, which may be
/// the asking key itself; one that is revoked stays so since when it was.
///
/// # Errors
/// 400 for an id that is none, 404 for a key that the shop does not have.
pub(crate) async fn revoke(
    services: Started,
    principal: web::ReqData<Principal>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    request_body::discard(&request, payload.into_inner()).await;
    let number = wire_id::key_in_path(&id)?;
    let stamp = services.stamp(&principal);
    let revoked = services.api_keys.revoke_key(principal.shop.id, number, stamp).await;
    let key = revoked.map_err(storage_problem)?.ok_or_else(Problem::api_key_not_found)?;
    Ok(HttpResponse::Ok().json(ApiKeyAnswer::new(&key, stamp.time)))
}
