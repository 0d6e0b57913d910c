use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;
use hexdesk_domain::ports::DeleteCommentOutcome;

use crate::entity_tag::IfMatch;
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{request_body, wire_id};

/// `DELETE /api/v1/tickets/{ticketId}/comments/{commentId}`: deletes a comment of a ticket of the
/// key's shop. With `If-Match`, the ticket must have that version.
///
/// # Errors
/// - 400 for an invalid id or `If-Match`
/// - 404 for a ticket that the shop does not have, or a comment that the ticket does not have
/// - 412 for another version
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    ids: web::Path<(String, String)>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    request_body::discard(&request, payload.into_inner()).await;
    let (ticket, comment) = wire_id::comment_in_path(&ids)?;
    let if_match = IfMatch::of(&request)?;
    let (shop, stamp) = (principal.shop.id, services.stamp(&principal));
    let expected_version = if_match.expected_version(&*services.tickets, shop, ticket).await?;
    let outcome = services.comments.delete_comment(shop, ticket, comment, expected_version, stamp).await;
    match outcome.map_err(storage_problem)? {
        DeleteCommentOutcome::Deleted => Ok(HttpResponse::NoContent().finish()),
        DeleteCommentOutcome::TicketNotFound => Err(Problem::ticket_not_found()),
        DeleteCommentOutcome::VersionMismatch => Err(Problem::version_mismatch()),
        DeleteCommentOutcome::CommentNotFound => Err(Problem::comment_not_found()),
    }
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "deleteComment",
        COMMENTS,
        "Delete a comment",
        "Deletes a comment. Its text is removed from the event log and from responses kept for an \
         `Idempotency-Key`. With `If-Match`, only if the ticket still has that version.",
    )
    .parameters([parameters::ticket_id(), parameters::comment_id(), parameters::if_match()])
    .returns_nothing("The comment is deleted.")
    .fails_with([
        Problem::ticket_not_found(),
        Problem::comment_not_found(),
        Problem::version_mismatch(),
        Problem::outcome_unknown(),
    ])
}
