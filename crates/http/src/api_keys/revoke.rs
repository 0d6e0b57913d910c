use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;

#[cfg(test)]
use super::examples;
use super::wire::ApiKeyAnswer;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{request_body, wire_id};

/// `DELETE /api/v1/api-keys/{keyId}`: revokes a key of the calling key's shop. It may be the
/// calling key itself. A key that is already revoked keeps its time of revocation.
///
/// # Errors
/// 400 for an invalid id, 404 for a key that the shop does not have.
pub(crate) async fn serve(
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

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "revokeApiKey",
        API_KEYS,
        "Revoke an API key",
        "Revokes a key permanently; a server may take 5 seconds to notice. The key stays in the list. Revoking it \
         again changes nothing and returns the same response. A key may revoke itself.",
    )
    .parameters([parameters::key_id()])
    .returns::<ApiKeyAnswer>(
        StatusCode::OK,
        "The revoked key.",
        &[],
        [("agent", json!({"success": true, "apiKey": examples::revoked()}))],
    )
    .fails_with([Problem::api_key_not_found(), Problem::outcome_unknown()])
}
