use actix_web::http::header;
use actix_web::{HttpResponse, web};
use hexdesk_domain::Principal;

use super::wire::TicketViewAnswer;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{entity_tag, wire_id};

/// `GET /api/v1/tickets/{ticketId}`: a ticket of the key's shop, with the people it names.
///
/// # Errors
/// 400 for an id that is none, 404 for a ticket that the shop does not have.
pub(crate) async fn find(
    services: Started,
    principal: web::ReqData<Principal>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = wire_id::ticket_in_path(&id)?;
    let shop = &principal.shop;
    let view = services.tickets.find_ticket(shop.id, id).await.map_err(storage_problem)?;
    let view = view.ok_or_else(Problem::ticket_not_found)?;
    let body = TicketViewAnswer::new(&view, shop.domain.as_str());
    let tag = entity_tag::of_version(view.ticket.version);
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(body))
}
