use actix_web::{HttpResponse, web};
use hexdesk_domain::Principal;

#[cfg(test)]
use super::examples;
use super::wire::CustomerAnswer;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::wire_id;

/// `GET /api/v1/customers/{customerId}`: a customer of the key's shop.
///
/// # Errors
/// 400 for an invalid id, 404 for a customer that the shop does not have or has merged into another.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = wire_id::customer_in_path(&id)?;
    let shop = &principal.shop;
    let customer = services.customers.find_customer(shop.id, id).await.map_err(storage_problem)?;
    let Some(customer) = customer else { return Err(services.missing_customer(shop.id, id).await) };
    Ok(HttpResponse::Ok().json(CustomerAnswer::new(&customer, shop.domain.as_str())))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new("getCustomer", CUSTOMERS, "Get a customer", "A customer of the shop.")
        .parameters([parameters::customer_id()])
        .returns::<CustomerAnswer<'static>>(
            StatusCode::OK,
            "The customer.",
            &[],
            [("customer", json!({"success": true, "customer": examples::customer()}))],
        )
        .fails_with([Problem::customer_not_found(), super::examples::merged()])
}
