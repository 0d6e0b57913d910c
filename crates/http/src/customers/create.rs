use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{Principal, Receipt};

use super::wire::{self, CUSTOMER_MEMBERS, CustomerAnswer};
use crate::command::{Command, command_problem};
use crate::idempotency::{self, StoredAnswer};
use crate::problem::Problem;
use crate::services::Started;

/// `POST /api/v1/customers`: creates a customer of the key's shop, unless it has one with
/// the e-mail address, or else the phone number; that one is answered then.
///
/// # Errors
/// 400 with every member that is not as it must be, 409 and 422 for an `Idempotency-Key`
/// in use or reused, and what reading the body and the store may answer.
pub(crate) async fn create(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ((), mut command) = Command::read(&request, payload, Ok(()), CUSTOMER_MEMBERS).await?;
    let draft = wire::draft(&mut command.members);
    let (members, idempotency) = command.accept(|| draft.violations())?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let shop_domain = shop.domain.as_str().to_owned();
    let receipt = Arc::new(move |outcome: &CreateCustomerOutcome| receipt(outcome, &shop_domain));
    let attempt = services
        .create_customer
        .execute(principal.caller(), draft, idempotency, receipt)
        .await
        .map_err(|error| command_problem(error, members))?;
    idempotency::respond(attempt, |outcome| {
        answer(&outcome, shop.domain.as_str()).ok_or_else(|| {
            tracing::error!("the store found a customer number taken that nobody asked for");
            Problem::internal()
        })
    })
}

/// What the caller is told.
fn answer(outcome: &CreateCustomerOutcome, shop_domain: &str) -> Option<StoredAnswer> {
    match outcome {
        CreateCustomerOutcome::Created(customer) => Some(StoredAnswer::created(
            Some(format!("/api/v1/customers/{}", customer.id)),
            &CustomerAnswer::new(customer, shop_domain),
        )),
        CreateCustomerOutcome::Existing(customer) => {
            Some(StoredAnswer::ok(&CustomerAnswer::existing(customer, shop_domain)))
        }
        CreateCustomerOutcome::IdTaken => None,
    }
}

fn receipt(outcome: &CreateCustomerOutcome, shop_domain: &str) -> Option<Receipt> {
    let (CreateCustomerOutcome::Created(customer) | CreateCustomerOutcome::Existing(customer)) = outcome
    else {
        return None;
    };
    Some(answer(outcome, shop_domain)?.into_receipt(Some(customer.id)))
}
