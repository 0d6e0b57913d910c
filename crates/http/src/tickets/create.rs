use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{CreateTicketError, Principal};

use super::wire::{self, TICKET_MEMBERS, TicketAnswer};
use crate::command::Command;
use crate::idempotency::StoredAnswer;
use crate::json_members::Members;
use crate::problem::Problem;
use crate::services::{Started, ids_problem, storage_problem};

/// `POST /api/v1/tickets`: creates a ticket for a customer of the key's shop.
///
/// # Errors
/// 400 with every member that is not as it must be, 404 for a customer or user that the
/// shop does not have, 409 and 422 for an `Idempotency-Key` in use or reused, and what
/// reading the body and the store may answer.
pub(crate) async fn create(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ((), mut command) = Command::read(&request, payload, Ok(()), TICKET_MEMBERS).await?;
    let draft = wire::draft(&mut command.members);
    let (members, idempotency) = command.accept(|| draft.violations())?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let created = services
        .create_ticket
        .execute(principal.caller(), draft, idempotency, |ticket| {
            let body = TicketAnswer::new(ticket, shop.domain.as_str());
            StoredAnswer::created(Some(format!("/api/v1/tickets/{}", ticket.id)), &body)
                .into_receipt(Some(ticket.customer_id))
        })
        .await
        .map_err(|error| problem(error, members))?;
    Ok(StoredAnswer::from_receipt(&created.answer)?.into_response(created.replayed))
}

fn problem(error: CreateTicketError, members: Members) -> Problem {
    match error {
        CreateTicketError::Invalid(violations) => members.problem(&violations),
        CreateTicketError::CustomerNotFound => Problem::customer_not_found(),
        CreateTicketError::AssigneeNotFound => Problem::user_not_found(),
        CreateTicketError::KeyReused => Problem::idempotency_key_reused(),
        CreateTicketError::InProgress => Problem::idempotency_key_in_use(),
        CreateTicketError::IdsExhausted(error) => ids_problem(error),
        CreateTicketError::Storage(error) => storage_problem(error),
    }
}
