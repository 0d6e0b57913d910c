use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;

#[cfg(test)]
use super::examples;
use super::refusal;
use super::wire::ApiKeyAnswer;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;
use crate::{request_body, wire_id};

/// `DELETE /api/v1/api-keys/{keyId}`: revokes a key of the calling key's shop. It may be the
/// calling key itself. A key that is already revoked keeps its time of revocation.
///
/// # Errors
/// - 400 for an invalid id
/// - 401 if the calling key no longer works
/// - 403 for a key with more rights than the calling key has
/// - 404 for a key that the shop does not have
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    request_body::discard(&request, payload.into_inner()).await;
    let number = wire_id::key_in_path(&id)?;
    let revoked = services.manage_api_keys.revoke(&principal, number).await;
    let (key, now) = revoked.map_err(|error| refusal::problem(error, "revoke"))?;
    Ok(HttpResponse::Ok().json(ApiKeyAnswer::new(&key, now)))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "revokeApiKey",
        API_KEYS,
        "Revoke an API key",
        "Revokes a key permanently; a server may take 5 seconds to notice. The key stays in the list. Revoking it \
         again changes nothing and returns the same response. A key may revoke itself, and any other key of the shop \
         that holds no more than itself: only its scopes, and its user if it has one.",
    )
    .parameters([parameters::key_id()])
    .returns::<ApiKeyAnswer>(
        StatusCode::OK,
        "The revoked key.",
        &[],
        [("agent", json!({"success": true, "apiKey": examples::revoked()}))],
    )
    .fails_with([examples::exceeds(), Problem::api_key_not_found(), Problem::outcome_unknown()])
}
