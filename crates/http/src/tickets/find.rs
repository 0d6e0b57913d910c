use actix_web::http::header;
use actix_web::{HttpResponse, web};
use hexdesk_domain::Principal;

#[cfg(test)]
use super::examples;
use super::wire::TicketViewAnswer;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{entity_tag, wire_id};

/// `GET /api/v1/tickets/{ticketId}`: a ticket of the key's shop, with its customer and user.
///
/// # Errors
/// 400 for an invalid id, 404 for a ticket that the shop does not have.
pub(crate) async fn serve(
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

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "getTicket",
        TICKETS,
        "Get a ticket",
        "The ticket with its customer, its user and its human ticket.",
    )
    .parameters([parameters::ticket_id()])
    .returns::<TicketViewAnswer<'static>>(
        StatusCode::OK,
        "The ticket.",
        &[headers::ETAG],
        [("ticket", json!({"success": true, "ticket": examples::ticket_with_people()}))],
    )
    .fails_with([Problem::ticket_not_found()])
}
