use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_domain::ports::RotateKeyOutcome;

#[cfg(test)]
use super::examples;
use super::new_key;
use super::wire::API_KEY_ROTATION;
#[cfg(test)]
use super::wire::NewApiKeyAnswer;
use crate::command::Command;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;
use crate::{idempotency, wire_id};

/// `POST /api/v1/api-keys/{keyId}/rotate`: replaces a key of the calling key's shop. It may be the
/// calling key itself.
///
/// # Errors
/// - 400 for an invalid key id, and with every invalid member
/// - 401 if the calling key no longer works
/// - 403 for more rights than the calling key has
/// - 404 for a key that the shop does not have
/// - 409 for a key that no longer works
/// - 409 for an `Idempotency-Key` in use
/// - 422 for a reused `Idempotency-Key`
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    key: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let key = wire_id::key_in_path(&key);
    let (key, draft, command) = Command::read(&request, payload, key, &API_KEY_ROTATION).await?;
    let now = services.clock.now();
    let (members, idempotency) = command.accept(|| draft.violations(now))?;

    let _key_in_use = services.keys_in_use.begin(principal.shop.id, idempotency.as_ref())?;
    let secret = new_key::secret()?;
    let receipt = Arc::new(move |outcome: &RotateKeyOutcome| match outcome {
        RotateKeyOutcome::Rotated(key) => Some(new_key::answer(key, None, now).into_receipt(None)),
        RotateKeyOutcome::NotLive => None,
    });
    let outcome = services
        .manage_api_keys
        .rotate(&principal, key, draft, secret.hash(), idempotency, receipt)
        .await
        .map_err(|error| new_key::problem(error, members))?;
    idempotency::respond(outcome, |outcome| match outcome {
        RotateKeyOutcome::Rotated(key) => Ok(new_key::answer(&key, Some(&secret.text(&key)), now)),
        RotateKeyOutcome::NotLive => Err(Problem::api_key_not_live()),
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "rotateApiKey",
        API_KEYS,
        "Rotate an API key",
        "Replaces a key: creates one with the same scopes and user, and shows its text, which is shown only once. The \
         old key keeps working for the overlap, unless it expires earlier; a server may take 5 seconds to notice \
         its end. A key may rotate itself, and any other key of the shop that holds no more than itself.",
    )
    .parameters([parameters::key_id()])
    .body(API_KEY_ROTATION.schema(), [("immediate", json!({"overlapSeconds": 0})), ("default", json!({}))])
    .returns::<NewApiKeyAnswer<'static>>(
        StatusCode::CREATED,
        "The new key was created, now or by an earlier request with the same `Idempotency-Key`; then `key` is \
         `null`.",
        &[headers::LOCATION, headers::IDEMPOTENCY_REPLAYED],
        [("immediate", json!({"success": true, "apiKey": examples::successor(), "key": examples::text(3)}))],
    )
    .leads_to("getApiKey", "keyId", "$response.body#/apiKey/id")
    .leads_to("revokeApiKey", "keyId", "$response.body#/apiKey/id")
    .fails_with([examples::exceeds(), Problem::api_key_not_found(), Problem::api_key_not_live()])
}
