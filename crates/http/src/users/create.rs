use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::CreateUserOutcome;
use hexdesk_domain::{Principal, User};

#[cfg(test)]
use super::examples;
use super::wire::{NEW_USER, UserAnswer};
use crate::command::{Command, command_problem};
use crate::idempotency::{self, StoredResponse};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;

/// `POST /api/v1/users`: creates a user of the key's shop.
///
/// # Errors
/// - 400 with every invalid member
/// - 409 for the e-mail address of another user of the shop
/// - 409 for an `Idempotency-Key` in use
/// - 422 for a reused `Idempotency-Key`
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ((), draft, command) = Command::read(&request, payload, Ok(()), &NEW_USER).await?;
    let (members, idempotency) = command.accept(|| draft.violations())?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let shop_domain = shop.domain.as_str().to_owned();
    let receipt = Arc::new(move |outcome: &CreateUserOutcome| match outcome {
        CreateUserOutcome::Created(user) => Some(answer(user, &shop_domain).into_receipt(None)),
        CreateUserOutcome::EmailTaken(_) | CreateUserOutcome::IdTaken => None,
    });
    let outcome = services
        .manage_users
        .create(principal.caller(), draft, idempotency, receipt)
        .await
        .map_err(|error| command_problem(error, members))?;
    idempotency::respond(outcome, |outcome| match outcome {
        CreateUserOutcome::Created(user) => Ok(answer(&user, shop.domain.as_str())),
        CreateUserOutcome::EmailTaken(_) => Err(Problem::user_exists()),
        CreateUserOutcome::IdTaken => {
            tracing::error!("the store reports a taken user number, but the request named none");
            Err(Problem::internal())
        }
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    let example = json!({"email": "alan@example.com", "first_name": "Alan", "last_name": "Turing"});
    Description::new(
        "createUser",
        USERS,
        "Create a user",
        "Creates an active user of the shop. A user has no password and cannot sign in: a key of the user writes in \
         its name.",
    )
    .body(NEW_USER.schema(), [("user", example)])
    .returns::<UserAnswer<'static>>(
        StatusCode::CREATED,
        "The user was created, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::LOCATION, headers::IDEMPOTENCY_REPLAYED],
        [("user", json!({"success": true, "user": examples::created_user()}))],
    )
    .leads_to("getUser", "userId", "$response.body#/user/id")
    .leads_to("updateUser", "userId", "$response.body#/user/id")
    .fails_with([Problem::user_exists()])
}

fn answer(user: &User, shop_domain: &str) -> StoredResponse {
    StoredResponse::created(Some(format!("/api/v1/users/{}", user.id)), &UserAnswer::new(user, shop_domain))
}
