use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_domain::ports::UpdateCustomerOutcome;

use super::wire::{self, CUSTOMER_MEMBERS, CustomerAnswer};
use crate::command::{Command, command_problem};
use crate::idempotency::{self, StoredAnswer};
use crate::problem::Problem;
use crate::services::Started;
use crate::wire_id;

/// `PATCH /api/v1/customers/{customerId}`: changes a customer of the key's shop.
///
/// # Errors
/// 400 for an id that is none, with every member that is not as it must be, and if neither
/// e-mail address nor phone number would be left; 404 for a customer that the shop does not
/// have, 409 for an e-mail address or phone number of another customer, 409 and 422 for an
/// `Idempotency-Key` in use or reused, and what reading the body and the store may answer.
pub(crate) async fn update(
    services: Started,
    principal: web::ReqData<Principal>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let id = wire_id::customer_in_path(&id);
    let (id, mut command) = Command::read(&request, payload, id, CUSTOMER_MEMBERS).await?;
    let changes = wire::changes(&mut command.members);
    let (members, idempotency) = command.accept(|| changes.violations())?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let shop_domain = shop.domain.as_str().to_owned();
    let receipt = Arc::new(move |outcome: &UpdateCustomerOutcome| match outcome {
        UpdateCustomerOutcome::Updated(customer) => {
            let answer = StoredAnswer::ok(&CustomerAnswer::new(customer, &shop_domain));
            Some(answer.into_receipt(Some(customer.id)))
        }
        UpdateCustomerOutcome::CustomerNotFound
        | UpdateCustomerOutcome::Unreachable
        | UpdateCustomerOutcome::EmailTaken
        | UpdateCustomerOutcome::PhoneNumberTaken => None,
    });
    let attempt = services
        .update_customer
        .execute(principal.caller(), id, changes, idempotency, receipt)
        .await
        .map_err(|error| command_problem(error, members))?;
    idempotency::respond(attempt, |outcome| match outcome {
        UpdateCustomerOutcome::Updated(customer) => {
            Ok(StoredAnswer::ok(&CustomerAnswer::new(&customer, shop.domain.as_str())))
        }
        UpdateCustomerOutcome::CustomerNotFound => Err(Problem::customer_not_found()),
        UpdateCustomerOutcome::EmailTaken => Err(Problem::customer_exists("email")),
        UpdateCustomerOutcome::PhoneNumberTaken => Err(Problem::customer_exists("phone_number")),
        UpdateCustomerOutcome::Unreachable => {
            tracing::error!("the use case let a customer pass that nobody can reach");
            Err(Problem::internal())
        }
    })
}
