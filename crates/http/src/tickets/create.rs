use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{CreateTicketError, Principal};

#[cfg(test)]
use super::examples;
use super::wire::{NEW_TICKET, TicketAnswer};
use crate::command::Command;
use crate::idempotency::StoredResponse;
use crate::json_members::Members;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, ids_problem, storage_problem};

/// `POST /api/v1/tickets`: creates a ticket for a customer of the key's shop.
///
/// # Errors
/// - 400 with every invalid member
/// - 404 for a customer or user that the shop does not have
/// - 409 for an `Idempotency-Key` in use
/// - 422 for a reused `Idempotency-Key`
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ((), draft, command) = Command::read(&request, payload, Ok(()), &NEW_TICKET).await?;
    let (members, idempotency) = command.accept(|| draft.violations())?;

    let (shop, customer) = (&principal.shop, draft.customer_id);
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let created = services
        .create_ticket
        .execute(principal.caller(), draft, idempotency, |ticket| {
            let body = TicketAnswer::new(ticket, shop.domain.as_str());
            StoredResponse::created(Some(format!("/api/v1/tickets/{}", ticket.id)), &body)
                .into_receipt(Some(ticket.customer_id))
        })
        .await;
    if let (Err(CreateTicketError::CustomerNotFound), Some(customer)) = (&created, customer) {
        return Err(services.missing_customer(shop.id, customer).await);
    }
    let created = created.map_err(|error| problem(error, members))?;
    Ok(StoredResponse::from_receipt(&created.response)?.into_response(created.replayed))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "createTicket",
        TICKETS,
        "Create a ticket",
        "Creates a ticket for a customer of the shop. The response to an invalid body names every error, with a \
         JSON pointer for each.",
    )
    .body(
        NEW_TICKET.schema(),
        [("full", examples::new_ticket()), ("least", json!({"customerId": 123, "Channel": "Mail"}))],
    )
    .returns::<TicketAnswer<'static>>(
        StatusCode::CREATED,
        "The ticket was created, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::LOCATION, headers::IDEMPOTENCY_REPLAYED],
        [("full", json!({"success": true, "ticket": examples::ticket()}))],
    )
    .leads_to("getTicket", "ticketId", "$response.body#/ticket/id")
    .leads_to("createComment", "ticketId", "$response.body#/ticket/id")
    .leads_to("listComments", "ticketId", "$response.body#/ticket/id")
    .fails_with([Problem::customer_not_found(), Problem::user_not_found(), Problem::user_deactivated()])
}

fn problem(error: CreateTicketError, members: Members) -> Problem {
    match error {
        CreateTicketError::Invalid(violations) => members.problem(&violations),
        CreateTicketError::CustomerNotFound => Problem::customer_not_found(),
        CreateTicketError::AssigneeNotFound => Problem::user_not_found(),
        CreateTicketError::AssigneeDeactivated => Problem::user_deactivated(),
        CreateTicketError::KeyReused => Problem::idempotency_key_reused(),
        CreateTicketError::InProgress => Problem::idempotency_key_in_use(),
        CreateTicketError::IdsExhausted(error) => ids_problem(error),
        CreateTicketError::Storage(error) => storage_problem(error),
    }
}
