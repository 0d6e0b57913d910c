use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_domain::ports::CreateKeyOutcome;

use super::new_key;
use super::wire::{self, API_KEY_MEMBERS};
use crate::command::Command;
use crate::idempotency;
use crate::problem::Problem;
use crate::services::Started;

/// `POST /api/v1/api-keys`: makes a key of the asking key's shop that holds no more than it.
///
/// # Errors
/// 400 with every member that is not as it must be, 401 for an asking key that is not live
/// any more, 403 for more than it holds, 404 for a user that is none of the shop's active
/// ones, 409 and 422 for an `Idempotency-Key` in use or reused, and what reading the body
/// and the store may answer.
pub(crate) async fn create(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ((), mut command) = Command::read(&request, payload, Ok(()), API_KEY_MEMBERS).await?;
    let draft = wire::draft(&mut command.members);
    let now = services.clock.now();
    let (members, idempotency) = command.accept(|| draft.violations(now))?;

    let _key_in_use = services.keys_in_use.begin(principal.shop.id, idempotency.as_ref())?;
    let secret = new_key::secret()?;
    let receipt = Arc::new(move |outcome: &CreateKeyOutcome| match outcome {
        CreateKeyOutcome::Created(key) => Some(new_key::answer(key, None, now).into_receipt(None)),
        CreateKeyOutcome::UserNotFound => None,
    });
    let attempt = services
        .manage_api_keys
        .create(&principal, draft, secret.hash(), idempotency, receipt)
        .await
        .map_err(|error| new_key::problem(error, members))?;
    idempotency::respond(attempt, |outcome| match outcome {
        CreateKeyOutcome::Created(key) => Ok(new_key::answer(&key, Some(&secret.text(&key)), now)),
        CreateKeyOutcome::UserNotFound => Err(Problem::user_not_found()),
    })
}
