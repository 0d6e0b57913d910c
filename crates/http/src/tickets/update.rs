use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::UpdateTicketOutcome;
use hexdesk_domain::{Principal, TicketView};

use super::wire::{self, TICKET_CHANGE_MEMBERS, TicketViewAnswer};
use crate::command::{Command, command_problem};
use crate::idempotency::{self, StoredAnswer};
use crate::problem::Problem;
use crate::services::Started;
use crate::{entity_tag, wire_id};

/// `PATCH /api/v1/tickets/{ticketId}`: changes a ticket of the key's shop, if it still has
/// the version of `If-Match` where that is given.
///
/// # Errors
/// 400 for a ticket id or `If-Match` that is none and with every member that is not as it
/// must be, 404 for a ticket or user that the shop does not have, 412 for another version,
/// 409 and 422 for an `Idempotency-Key` in use or reused, and what reading the body and
/// the store may answer.
pub(crate) async fn update(
    services: Started,
    principal: web::ReqData<Principal>,
    ticket: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ticket = wire_id::ticket_in_path(&ticket);
    let (ticket, mut command) = Command::read(&request, payload, ticket, TICKET_CHANGE_MEMBERS).await?;
    let expected_version = entity_tag::expected_version(&request)?;
    let changes = wire::changes(&mut command.members);
    let (members, idempotency) = command.accept(|| changes.violations())?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let shop_domain = shop.domain.as_str().to_owned();
    let receipt = Arc::new(move |outcome: &UpdateTicketOutcome| match outcome {
        UpdateTicketOutcome::Updated(view) => {
            Some(answer(view, &shop_domain).into_receipt(Some(view.ticket.customer_id)))
        }
        UpdateTicketOutcome::TicketNotFound
        | UpdateTicketOutcome::VersionMismatch
        | UpdateTicketOutcome::AssigneeNotFound => None,
    });
    let attempt = services
        .update_ticket
        .execute(principal.caller(), ticket, changes, expected_version, idempotency, receipt)
        .await
        .map_err(|error| command_problem(error, members))?;
    idempotency::respond(attempt, |outcome| match outcome {
        UpdateTicketOutcome::Updated(view) => Ok(answer(&view, shop.domain.as_str())),
        UpdateTicketOutcome::TicketNotFound => Err(Problem::ticket_not_found()),
        UpdateTicketOutcome::VersionMismatch => Err(Problem::version_mismatch()),
        UpdateTicketOutcome::AssigneeNotFound => Err(Problem::user_not_found()),
    })
}

fn answer(view: &TicketView, shop_domain: &str) -> StoredAnswer {
    StoredAnswer::ok(&TicketViewAnswer::new(view, shop_domain))
        .with_entity_tag(entity_tag::of_version(view.ticket.version))
}
