use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_domain::ports::UpdateUserOutcome;

#[cfg(test)]
use super::examples;
use super::wire::{USER_CHANGES, UserAnswer};
use crate::command::{Command, command_problem};
use crate::idempotency::{self, StoredResponse};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;
use crate::wire_id;

/// `PATCH /api/v1/users/{userId}`: changes a user of the key's shop. Deactivating the user
/// revokes the keys that write in the user's name.
///
/// # Errors
/// - 400 for an invalid user id, and with every invalid member
/// - 404 for a user that the shop does not have
/// - 409 for the e-mail address of another user
/// - 409 for an `Idempotency-Key` in use
/// - 422 for a reused `Idempotency-Key`
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    user: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let user = wire_id::user_in_path(&user);
    let (user, changes, command) = Command::read(&request, payload, user, &USER_CHANGES).await?;
    let (members, idempotency) = command.accept(|| changes.violations())?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let shop_domain = shop.domain.as_str().to_owned();
    let receipt = Arc::new(move |outcome: &UpdateUserOutcome| match outcome {
        UpdateUserOutcome::Updated(user) => {
            Some(StoredResponse::ok(&UserAnswer::new(user, &shop_domain)).into_receipt(None))
        }
        UpdateUserOutcome::UserNotFound | UpdateUserOutcome::EmailTaken => None,
    });
    let outcome = services
        .manage_users
        .update(principal.caller(), user, changes, idempotency, receipt)
        .await
        .map_err(|error| command_problem(error, members))?;
    idempotency::respond(outcome, |outcome| match outcome {
        UpdateUserOutcome::Updated(user) => {
            Ok(StoredResponse::ok(&UserAnswer::new(&user, shop.domain.as_str())))
        }
        UpdateUserOutcome::UserNotFound => Err(Problem::user_not_found()),
        UpdateUserOutcome::EmailTaken => Err(Problem::user_exists()),
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "updateUser",
        USERS,
        "Change a user",
        "Changes the members in the body; `null` clears a name. Users are not deleted but deactivated: tickets and \
         comments keep naming a deactivated user, but no ticket can be assigned to it. Deactivating a user also \
         revokes every key that writes in its name, permanently: activating the user again restores none of them. A \
         server may take 5 seconds to notice.",
    )
    .parameters([parameters::user_id()])
    .body(
        USER_CHANGES.schema(),
        [
            ("deactivate", json!({"isActive": false})),
            ("rename", json!({"last_name": "Murray Hopper", "full_name": null})),
        ],
    )
    .returns::<UserAnswer<'static>>(
        StatusCode::OK,
        "The user after the change, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::IDEMPOTENCY_REPLAYED],
        [("deactivate", json!({"success": true, "user": examples::deactivated_user()}))],
    )
    .fails_with([Problem::user_not_found(), Problem::user_exists()])
}
