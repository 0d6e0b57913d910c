use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;

use super::wire::ErasedAnswer;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{request_body, wire_id};

/// `DELETE /api/v1/customers/{customerId}`: erases a customer of the key's shop with
/// everything of theirs, and says how much that was.
///
/// # Errors
/// 400 for an id that is none, 404 for a customer that the shop does not have.
pub(crate) async fn erase(
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
    let erased = erased.map_err(storage_problem)?.ok_or_else(Problem::customer_not_found)?;
    Ok(HttpResponse::Ok().json(ErasedAnswer::new(erased)))
}
