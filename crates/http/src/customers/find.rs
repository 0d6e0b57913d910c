use actix_web::{HttpResponse, web};
use hexdesk_domain::Principal;

use super::wire::CustomerAnswer;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::wire_id;

/// `GET /api/v1/customers/{customerId}`: a customer of the key's shop.
///
/// # Errors
/// 400 for an id that is none, 404 for a customer that the shop does not have.
pub(crate) async fn find(
    services: Started,
    principal: web::ReqData<Principal>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = wire_id::customer_in_path(&id)?;
    let shop = &principal.shop;
    let customer = services.customers.find_customer(shop.id, id).await.map_err(storage_problem)?;
    let customer = customer.ok_or_else(Problem::customer_not_found)?;
    Ok(HttpResponse::Ok().json(CustomerAnswer::new(&customer, shop.domain.as_str())))
}
