use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::MergeCustomersOutcome;
use hexdesk_domain::{IdempotentOutcome, Principal};

#[cfg(test)]
use super::examples;
use super::wire::{CUSTOMER_MERGE, CustomerAnswer};
use crate::command::{Command, command_problem};
use crate::idempotency::{self, StoredResponse};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;
use crate::wire_id;

/// `POST /api/v1/customers/{customerId}/merge`: moves everything of another customer of the key's shop
/// to this one.
///
/// # Errors
/// - 400 for an invalid id, with every invalid member, and for a merge into itself
/// - 404 for a customer that the shop does not have or has merged into another
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
    let (into, draft, command) = Command::read(&request, payload, id, &CUSTOMER_MERGE).await?;
    let (members, idempotency) = command.accept(|| draft.violations(into))?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let shop_domain = shop.domain.as_str().to_owned();
    let receipt = Arc::new(move |outcome: &MergeCustomersOutcome| match outcome {
        MergeCustomersOutcome::Merged(customer) => {
            let answer = StoredResponse::ok(&CustomerAnswer::new(customer, &shop_domain));
            Some(answer.into_receipt(Some(customer.id)))
        }
        MergeCustomersOutcome::CustomerNotFound(_) => None,
    });
    let outcome = services
        .merge_customers
        .execute(principal.caller(), into, draft, idempotency, receipt)
        .await
        .map_err(|error| command_problem(error, members))?;
    if let IdempotentOutcome::Ran(MergeCustomersOutcome::CustomerNotFound(missing)) = outcome {
        return Err(services.missing_customer(shop.id, missing).await);
    }
    idempotency::respond(outcome, |outcome| match outcome {
        MergeCustomersOutcome::Merged(customer) => {
            Ok(StoredResponse::ok(&CustomerAnswer::new(&customer, shop.domain.as_str())))
        }
        MergeCustomersOutcome::CustomerNotFound(_) => Err(Problem::customer_not_found()),
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "mergeCustomers",
        CUSTOMERS,
        "Merge customers",
        "Moves everything of another customer to this one, in one transaction: tickets, human tickets and comments. \
         What this customer lacks is filled in, and nothing is overwritten. The other customer is gone: a look-up \
         of its id returns 404 `customer_merged` with the id of this customer.",
    )
    .parameters([parameters::customer_id()])
    .body(CUSTOMER_MERGE.schema(), [("merge", json!({"from": 124}))])
    .returns::<CustomerAnswer<'static>>(
        StatusCode::OK,
        "The customer after the merge, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::IDEMPOTENCY_REPLAYED],
        [("merge", json!({"success": true, "customer": examples::customer()}))],
    )
    .fails_with([Problem::customer_not_found(), examples::merged()])
}
