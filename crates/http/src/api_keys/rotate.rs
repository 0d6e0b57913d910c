use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_domain::ports::RotateKeyOutcome;

use super::new_key;
use super::wire::{self, ROTATION_MEMBERS};
use crate::command::Command;
use crate::problem::Problem;
use crate::services::Started;
use crate::{idempotency, wire_id};

/// `POST /api/v1/api-keys/{keyId}/rotate`: makes a key of the asking key's shop that takes
/// the place of another, which may be the asking key itself.
///
/// # Errors
/// 400 for a key id that is none and with every member that is not as it must be, 401 for
/// an asking key that is not live any more, 403 for more than it holds, 404 for a key that
/// the shop does not have, 409 for one that is not live, 409 and 422 for an
/// `Idempotency-Key` in use or reused, and what reading the body and the store may answer.
pub(crate) async fn rotate(
    services: Started,
    principal: web::ReqData<Principal>,
    key: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let key = wire_id::key_in_path(&key);
    let (key, mut command) = Command::read(&request, payload, key, ROTATION_MEMBERS).await?;
    let draft = wire::rotation(&mut command.members);
    let now = services.clock.now();
    let (members, idempotency) = command.accept(|| draft.violations(now))?;

    let _key_in_use = services.keys_in_use.begin(principal.shop.id, idempotency.as_ref())?;
    let secret = new_key::secret()?;
    let receipt = Arc::new(move |outcome: &RotateKeyOutcome| match outcome {
        RotateKeyOutcome::Rotated(key) => Some(new_key::answer(key, None, now).into_receipt(None)),
        RotateKeyOutcome::NotLive => None,
    });
    let attempt = services
        .manage_api_keys
        .rotate(&principal, key, draft, secret.hash(), idempotency, receipt)
        .await
        .map_err(|error| new_key::problem(error, members))?;
    idempotency::respond(attempt, |outcome| match outcome {
        RotateKeyOutcome::Rotated(key) => Ok(new_key::answer(&key, Some(&secret.text(&key)), now)),
        RotateKeyOutcome::NotLive => Err(Problem::api_key_not_live()),
    })
}
