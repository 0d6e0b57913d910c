use actix_web::{HttpResponse, web};
use hexdesk_domain::Principal;

#[cfg(test)]
use super::examples;
use super::wire::ApiKeyAnswer;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::wire_id;

/// `GET /api/v1/api-keys/{keyId}`: a key of the calling key's shop, even if it no longer works.
///
/// # Errors
/// 400 for an invalid id, 404 for a key that the shop does not have.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let number = wire_id::key_in_path(&id)?;
    let found = services.api_keys.find_key(principal.shop.id, number).await.map_err(storage_problem)?;
    let (key, _) = found.ok_or_else(Problem::api_key_not_found)?;
    Ok(HttpResponse::Ok().json(ApiKeyAnswer::new(&key, services.clock.now())))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "getApiKey",
        API_KEYS,
        "Get an API key",
        "A key of the shop, whether it works or not, without its text.",
    )
    .parameters([parameters::key_id()])
    .returns::<ApiKeyAnswer>(
        StatusCode::OK,
        "The key.",
        &[],
        [("agent", json!({"success": true, "apiKey": examples::key()}))],
    )
    .fails_with([Problem::api_key_not_found()])
}
