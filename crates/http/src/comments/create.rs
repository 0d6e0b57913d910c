use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::CreateCommentOutcome;
use hexdesk_domain::{CreateCommentError, Principal};

#[cfg(test)]
use super::examples;
use super::wire::{CommentAnswer, NEW_COMMENT};
use crate::command::Command;
use crate::entity_tag::IfMatch;
use crate::idempotency::{self, StoredResponse};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, ids_problem, storage_problem};
use crate::wire_id;

/// `POST /api/v1/tickets/{ticketId}/comments`: adds a message to a ticket of the key's shop. If the
/// key has a user, the user is the author. With `If-Match`, the ticket must have that version.
///
/// # Errors
/// - 400 for an invalid ticket id or `If-Match`, and with every invalid member
/// - 404 for a ticket that the shop does not have
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
    let (ticket, draft, command) = Command::read(&request, payload, ticket, &NEW_COMMENT).await?;
    let if_match = IfMatch::of(&request)?;
    let (members, idempotency) = command.accept(|| draft.violations())?;

    let shop = &principal.shop;
    let _key_in_use = services.keys_in_use.begin(shop.id, idempotency.as_ref())?;
    let expected_version = if_match.expected_version(&*services.tickets, shop.id, ticket).await?;
    let receipt = Arc::new(|outcome: &CreateCommentOutcome| match outcome {
        CreateCommentOutcome::Created(view) => Some(
            StoredResponse::created(None, &CommentAnswer::new(view))
                .into_receipt(Some(view.comment.customer_id)),
        ),
        CreateCommentOutcome::TicketNotFound
        | CreateCommentOutcome::VersionMismatch
        | CreateCommentOutcome::AuthorNotFound => None,
    });
    let outcome = services
        .create_comment
        .execute(principal.caller(), ticket, draft, expected_version, idempotency, receipt)
        .await
        .map_err(|error| match error {
            CreateCommentError::Invalid(violations) => members.problem(&violations),
            CreateCommentError::IdsExhausted(error) => ids_problem(error),
            CreateCommentError::Storage(error) => storage_problem(error),
        })?;
    idempotency::respond(outcome, |outcome| match outcome {
        CreateCommentOutcome::Created(view) => Ok(StoredResponse::created(None, &CommentAnswer::new(&view))),
        CreateCommentOutcome::TicketNotFound => Err(Problem::ticket_not_found()),
        CreateCommentOutcome::VersionMismatch => Err(Problem::version_mismatch()),
        CreateCommentOutcome::AuthorNotFound => Err(Problem::user_not_found()),
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    let example = json!({
        "text": "Hello, I need a refund.",
        "time": "2026-04-28T00:00:00.000Z",
        "isFromShop": false
    });
    Description::new(
        "createComment",
        COMMENTS,
        "Add a comment to a ticket",
        "Adds a message to a ticket, in the name of the key's user if it has one. With `If-Match`, \
         only if the ticket still has that version.",
    )
    .parameters([parameters::ticket_id(), parameters::if_match()])
    .body(NEW_COMMENT.schema(), [("message", example)])
    .returns::<CommentAnswer<'static>>(
        StatusCode::CREATED,
        "The comment was added, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::IDEMPOTENCY_REPLAYED],
        [("message", json!({"success": true, "comment": examples::comment()}))],
    )
    .fails_with([Problem::ticket_not_found(), Problem::user_not_found(), Problem::version_mismatch()])
}
