use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;

use super::wire::ErasedAnswer;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{request_body, wire_id};

/// `DELETE /api/v1/customers/{customerId}`: erases a customer of the key's shop with
/// all of its data. Returns the numbers of erased resources.
///
/// # Errors
/// 400 for an invalid id, 404 for a customer that the shop does not have.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    request_body::discard(&request, payload.into_inner()).await;
    let id = wire_id::customer_in_path(&id)?;
    let stamp = services.stamp(&principal);
    let erased = services.customers.erase_customer(principal.shop.id, id, stamp).await;
    let Some(erased) = erased.map_err(storage_problem)? else {
        return Err(services.missing_customer(principal.shop.id, id).await);
    };
    Ok(HttpResponse::Ok().json(ErasedAnswer::new(erased)))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    let erased =
        json!({"customers": 1, "tickets": 2, "humanTickets": 1, "comments": 5, "idempotencyRecords": 3});
    Description::new(
        "deleteCustomer",
        CUSTOMERS,
        "Erase a customer",
        "Erases a customer and all of its data: tickets, human tickets, comments, search words, and the stored \
         responses to requests with an `Idempotency-Key`.",
    )
    .parameters([parameters::customer_id()])
    .returns::<ErasedAnswer>(
        StatusCode::OK,
        "The customer is erased. The response counts what was erased, by type.",
        &[],
        [("erased", json!({"success": true, "erased": erased}))],
    )
    .fails_with([Problem::customer_not_found(), super::examples::merged(), Problem::outcome_unknown()])
}
