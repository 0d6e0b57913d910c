use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_domain::ports::CreateKeyOutcome;

#[cfg(test)]
use super::examples;
use super::new_key;
use super::wire::NEW_API_KEY;
#[cfg(test)]
use super::wire::NewApiKeyAnswer;
use crate::command::Command;
use crate::idempotency;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;

/// `POST /api/v1/api-keys`: creates a key of the calling key's shop. The new key has no more rights
/// than the calling key.
///
/// # Errors
/// - 400 with every invalid member
/// - 401 if the calling key no longer works
/// - 403 for more rights than the calling key has
/// - 404 for a user who is not an active user of the shop
/// - 409 for an `Idempotency-Key` in use
/// - 422 for a reused `Idempotency-Key`
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ((), draft, command) = Command::read(&request, payload, Ok(()), &NEW_API_KEY).await?;
    let now = services.clock.now();
    let (members, idempotency) = command.accept(|| draft.violations(now))?;

    let _key_in_use = services.keys_in_use.begin(principal.shop.id, idempotency.as_ref())?;
    let secret = new_key::secret()?;
    let receipt = Arc::new(move |outcome: &CreateKeyOutcome| match outcome {
        CreateKeyOutcome::Created(key) => Some(new_key::answer(key, None, now).into_receipt(None)),
        CreateKeyOutcome::UserNotFound => None,
    });
    let outcome = services
        .manage_api_keys
        .create(&principal, draft, secret.hash(), idempotency, receipt)
        .await
        .map_err(|error| new_key::problem(error, members))?;
    idempotency::respond(outcome, |outcome| match outcome {
        CreateKeyOutcome::Created(key) => Ok(new_key::answer(&key, Some(&secret.text(&key)), now)),
        CreateKeyOutcome::UserNotFound => Err(Problem::user_not_found()),
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "createApiKey",
        API_KEYS,
        "Create an API key",
        "Creates a key of the shop and shows its text, which is shown only once: the server keeps a hash of it. The \
         new key holds no more than the calling key: only its scopes, its user if it has one, and no later expiry. \
         If the response is lost, revoke the key and create another.",
    )
    .body(
        NEW_API_KEY.schema(),
        [
            (
                "agent",
                json!({"scopes": ["tickets:read", "tickets:write"], "userId": 45, "expiresAt": "2999-01-01"}),
            ),
            ("least", json!({"scopes": ["tickets:read"]})),
        ],
    )
    .returns::<NewApiKeyAnswer<'static>>(
        StatusCode::CREATED,
        "The key was created, now or by an earlier request with the same `Idempotency-Key`; then `key` is `null`.",
        &[headers::LOCATION, headers::IDEMPOTENCY_REPLAYED],
        [("agent", json!({"success": true, "apiKey": examples::key(), "key": examples::text(2)}))],
    )
    .leads_to("getApiKey", "keyId", "$response.body#/apiKey/id")
    .leads_to("rotateApiKey", "keyId", "$response.body#/apiKey/id")
    .leads_to("revokeApiKey", "keyId", "$response.body#/apiKey/id")
    .fails_with([examples::exceeds(), Problem::user_not_found()])
}
