use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_domain::ports::UpdateUserOutcome;

use super::wire::{self, USER_CHANGE_MEMBERS, UserAnswer};
use crate::command::{Command, command_problem};
use crate::idempotency::{self, StoredAnswer};
use crate::problem::Problem;
use crate::services::Started;
use crate::wire_id;

/// `PATCH /api/v1/users/{userId}`: changes a user of the key's shop; deactivating it revokes
/// the keys that write in its name.
///
/// # Errors
/// 400 for a user id that is none and with every member that is not as it must be, 404 for
/// a user that the shop does not have, 409 for an e-mail address that another has, 409 and
/// 422 for an `Idempotency-Key` in use or reused, and what reading the body and the store
/// may answer.
pub(crate) async fn update(
    services: Started,
    principal: web::ReqData<Principal>,
    user: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let user = wire_id::user_in_path(&user);
    let (user, mut command) = Command::read(&request, payload, user, USER_CHANGE_MEMBERS).await?;
    let changes = wire::changes(&mut command.members);
    let (members, idempotency) = command.accept(|| changes.violations())?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let shop_domain = shop.domain.as_str().to_owned();
    let receipt = Arc::new(move |outcome: &UpdateUserOutcome| match outcome {
        UpdateUserOutcome::Updated(user) => {
            Some(StoredAnswer::ok(&UserAnswer::new(user, &shop_domain)).into_receipt(None))
        }
        UpdateUserOutcome::UserNotFound | UpdateUserOutcome::EmailTaken => None,
    });
    let attempt = services
        .manage_users
        .update(principal.caller(), user, changes, idempotency, receipt)
        .await
        .map_err(|error| command_problem(error, members))?;
    idempotency::respond(attempt, |outcome| match outcome {
        UpdateUserOutcome::Updated(user) => {
            Ok(StoredAnswer::ok(&UserAnswer::new(&user, shop.domain.as_str())))
        }
        UpdateUserOutcome::UserNotFound => Err(Problem::user_not_found()),
        UpdateUserOutcome::EmailTaken => Err(Problem::user_exists()),
    })
}
