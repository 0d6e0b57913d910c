use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::CreateUserOutcome;
use hexdesk_domain::{Principal, User};

use super::wire::{self, USER_MEMBERS, UserAnswer};
use crate::command::{Command, command_problem};
use crate::idempotency::{self, StoredAnswer};
use crate::problem::Problem;
use crate::services::Started;

/// `POST /api/v1/users`: creates a user of the key's shop.
///
/// # Errors
/// 400 with every member that is not as it must be, 409 for an e-mail address that a user
/// of the shop has, 409 and 422 for an `Idempotency-Key` in use or reused, and what reading
/// the body and the store may answer.
pub(crate) async fn create(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ((), mut command) = Command::read(&request, payload, Ok(()), USER_MEMBERS).await?;
    let draft = wire::draft(&mut command.members);
    let (members, idempotency) = command.accept(|| draft.violations())?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let shop_domain = shop.domain.as_str().to_owned();
    let receipt = Arc::new(move |outcome: &CreateUserOutcome| match outcome {
        CreateUserOutcome::Created(user) => Some(answer(user, &shop_domain).into_receipt(None)),
        CreateUserOutcome::EmailTaken(_) | CreateUserOutcome::IdTaken => None,
    });
    let attempt = services
        .manage_users
        .create(principal.caller(), draft, idempotency, receipt)
        .await
        .map_err(|error| command_problem(error, members))?;
    idempotency::respond(attempt, |outcome| match outcome {
        CreateUserOutcome::Created(user) => Ok(answer(&user, shop.domain.as_str())),
        CreateUserOutcome::EmailTaken(_) => Err(Problem::user_exists()),
        CreateUserOutcome::IdTaken => {
            tracing::error!("the store found a user number taken that nobody asked for");
            Err(Problem::internal())
        }
    })
}

fn answer(user: &User, shop_domain: &str) -> StoredAnswer {
    StoredAnswer::created(Some(format!("/api/v1/users/{}", user.id)), &UserAnswer::new(user, shop_domain))
}
