use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::UpdateTicketOutcome;
use hexdesk_domain::{IdempotentOutcome, Principal, TicketView};

#[cfg(test)]
use super::examples;
use super::wire::{TICKET_CHANGES, TicketViewAnswer};
use crate::command::{Command, command_problem};
use crate::entity_tag::{self, IfMatch};
use crate::idempotency::{self, StoredResponse};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;
use crate::wire_id;

/// `PATCH /api/v1/tickets/{ticketId}`: changes a ticket of the key's shop. With `If-Match`,
/// the ticket must have that version.
///
/// # Errors
/// - 400 for an invalid ticket id or `If-Match`, and with every invalid member
/// - 404 for a ticket or user that the shop does not have
/// - 412 for another version
/// - 409 for an `Idempotency-Key` in use
/// - 422 for a reused `Idempotency-Key`
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    ticket: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ticket = wire_id::ticket_in_path(&ticket);
    let (ticket, changes, command) = Command::read(&request, payload, ticket, &TICKET_CHANGES).await?;
    let if_match = IfMatch::of(&request)?;
    let (members, idempotency) = command.accept(|| changes.violations())?;

    let shop = &principal.shop;
    let customer = changes.customer_id;
    let expected_version = if_match.expected_version(&*services.tickets, shop.id, ticket).await?;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let shop_domain = shop.domain.as_str().to_owned();
    let receipt = Arc::new(move |outcome: &UpdateTicketOutcome| match outcome {
        UpdateTicketOutcome::Updated(view) => {
            Some(answer(view, &shop_domain).into_receipt(Some(view.ticket.customer_id)))
        }
        UpdateTicketOutcome::TicketNotFound
        | UpdateTicketOutcome::VersionMismatch
        | UpdateTicketOutcome::CustomerNotFound
        | UpdateTicketOutcome::AssigneeNotFound
        | UpdateTicketOutcome::AssigneeDeactivated => None,
    });
    let outcome = services
        .update_ticket
        .execute(principal.caller(), ticket, changes, expected_version, idempotency, receipt)
        .await
        .map_err(|error| command_problem(error, members))?;
    if let (IdempotentOutcome::Ran(UpdateTicketOutcome::CustomerNotFound), Some(customer)) =
        (&outcome, customer)
    {
        return Err(services.missing_customer(shop.id, customer).await);
    }
    idempotency::respond(outcome, |outcome| match outcome {
        UpdateTicketOutcome::Updated(view) => Ok(answer(&view, shop.domain.as_str())),
        UpdateTicketOutcome::TicketNotFound => Err(Problem::ticket_not_found()),
        UpdateTicketOutcome::VersionMismatch => Err(Problem::version_mismatch()),
        UpdateTicketOutcome::CustomerNotFound => Err(Problem::customer_not_found()),
        UpdateTicketOutcome::AssigneeNotFound => Err(Problem::user_not_found()),
        UpdateTicketOutcome::AssigneeDeactivated => Err(Problem::user_deactivated()),
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "updateTicket",
        TICKETS,
        "Change a ticket",
        "Changes the members in the body; `null` clears. With `If-Match`, only if the ticket still has that \
         version.",
    )
    .parameters([parameters::ticket_id(), parameters::if_match()])
    .body(
        TICKET_CHANGES.schema(),
        [
            ("close", json!({"isOpenedTicket": false, "unReadChatCount": 0})),
            ("assign", json!({"assigned_to": 45, "tags": ["refund"]})),
        ],
    )
    .returns::<TicketViewAnswer<'static>>(
        StatusCode::OK,
        "The ticket after the change, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::ETAG, headers::IDEMPOTENCY_REPLAYED],
        [("assign", json!({"success": true, "ticket": examples::changed_ticket()}))],
    )
    .fails_with([
        Problem::ticket_not_found(),
        Problem::customer_not_found(),
        Problem::user_not_found(),
        Problem::user_deactivated(),
        Problem::version_mismatch(),
    ])
}

fn answer(view: &TicketView, shop_domain: &str) -> StoredResponse {
    StoredResponse::ok(&TicketViewAnswer::new(view, shop_domain))
        .with_entity_tag(entity_tag::of_version(view.ticket.version))
}
