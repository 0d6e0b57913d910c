use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_domain::ports::DeleteTicketOutcome;

use crate::entity_tag::IfMatch;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{request_body, wire_id};

/// `DELETE /api/v1/tickets/{ticketId}`: deletes a ticket of the key's shop with its human
/// ticket and its comments. With `If-Match`, the ticket must have that version.
///
/// # Errors
/// - 400 for an invalid ticket id or `If-Match`
/// - 404 for a ticket that the shop does not have
/// - 412 for another version
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    ticket: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    request_body::discard(&request, payload.into_inner()).await;
    let ticket = wire_id::ticket_in_path(&ticket)?;
    let (tickets, shop) = (&services.tickets, principal.shop.id);
    let expected_version = IfMatch::of(&request)?.expected_version(&**tickets, shop, ticket).await?;
    let outcome = tickets.delete_ticket(shop, ticket, expected_version, services.stamp(&principal)).await;
    match outcome.map_err(storage_problem)? {
        DeleteTicketOutcome::Deleted => Ok(HttpResponse::NoContent().finish()),
        DeleteTicketOutcome::TicketNotFound => Err(Problem::ticket_not_found()),
        DeleteTicketOutcome::VersionMismatch => Err(Problem::version_mismatch()),
    }
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "deleteTicket",
        TICKETS,
        "Delete a ticket",
        "Deletes a ticket with its human ticket and its comments. With `If-Match`, only if the ticket still has \
         that version.",
    )
    .parameters([parameters::ticket_id(), parameters::if_match()])
    .returns_nothing("The ticket is deleted.")
    .fails_with([Problem::ticket_not_found(), Problem::version_mismatch(), Problem::outcome_unknown()])
}
