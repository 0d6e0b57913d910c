use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::UpdateCustomerOutcome;
use hexdesk_domain::{IdempotentOutcome, Principal};

#[cfg(test)]
use super::examples;
use super::wire::{CUSTOMER_CHANGES, CustomerAnswer};
use crate::command::{Command, command_problem};
use crate::idempotency::{self, StoredResponse};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;
use crate::wire_id;

/// `PATCH /api/v1/customers/{customerId}`: changes a customer of the key's shop.
///
/// # Errors
/// - 400 for an invalid id, with every invalid member, and if the customer could not be reached
/// - 404 for a customer that the shop does not have
/// - 409 for the e-mail address of another customer
/// - 409 for an `Idempotency-Key` in use
/// - 422 for a reused `Idempotency-Key`
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let id = wire_id::customer_in_path(&id);
    let (id, changes, command) = Command::read(&request, payload, id, &CUSTOMER_CHANGES).await?;
    let (members, idempotency) = command.accept(|| changes.violations())?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let shop_domain = shop.domain.as_str().to_owned();
    let receipt = Arc::new(move |outcome: &UpdateCustomerOutcome| match outcome {
        UpdateCustomerOutcome::Updated(customer) => {
            let answer = StoredResponse::ok(&CustomerAnswer::new(customer, &shop_domain));
            Some(answer.into_receipt(Some(customer.id)))
        }
        UpdateCustomerOutcome::CustomerNotFound
        | UpdateCustomerOutcome::Unreachable
        | UpdateCustomerOutcome::EmailTaken => None,
    });
    let outcome = services
        .update_customer
        .execute(principal.caller(), id, changes, idempotency, receipt)
        .await
        .map_err(|error| command_problem(error, members))?;
    if outcome == IdempotentOutcome::Ran(UpdateCustomerOutcome::CustomerNotFound) {
        return Err(services.missing_customer(shop.id, id).await);
    }
    idempotency::respond(outcome, |outcome| match outcome {
        UpdateCustomerOutcome::Updated(customer) => {
            Ok(StoredResponse::ok(&CustomerAnswer::new(&customer, shop.domain.as_str())))
        }
        UpdateCustomerOutcome::CustomerNotFound => Err(Problem::customer_not_found()),
        UpdateCustomerOutcome::EmailTaken => Err(Problem::customer_exists()),
        UpdateCustomerOutcome::Unreachable => {
            tracing::error!("the use case let a customer pass who cannot be reached");
            Err(Problem::internal())
        }
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "updateCustomer",
        CUSTOMERS,
        "Change a customer",
        "Changes the members in the body; `null` clears. The customer must keep an e-mail address, a phone \
         number, or an id on Facebook, Instagram or WhatsApp. No other customer may have the e-mail address.",
    )
    .parameters([parameters::customer_id()])
    .body(CUSTOMER_CHANGES.schema(), [("phone", json!({"phone_number": "+33198765432"}))])
    .returns::<CustomerAnswer<'static>>(
        StatusCode::OK,
        "The customer after the change, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::IDEMPOTENCY_REPLAYED],
        [("phone", json!({"success": true, "customer": examples::changed_customer()}))],
    )
    .fails_with([Problem::customer_not_found(), examples::merged(), Problem::customer_exists()])
}
