use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::ports::UpdateCommentOutcome;
use hexdesk_domain::{Field, Principal, Rule, Violation};

#[cfg(test)]
use super::examples;
use super::wire::{COMMENT_CHANGES, CommentAnswer};
use crate::command::{Command, command_problem};
use crate::entity_tag::IfMatch;
use crate::idempotency::{self, StoredResponse};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;
use crate::wire_id;

/// `PATCH /api/v1/tickets/{ticketId}/comments/{commentId}`: changes a comment of a ticket of the key's
/// shop. With `If-Match`, the ticket must have that version.
///
/// # Errors
/// - 400 for an invalid id or `If-Match`, and with every invalid member
/// - 404 for a ticket that the shop does not have, or a comment that the ticket does not have
/// - 412 for another version
/// - 409 for an `Idempotency-Key` in use
/// - 410 if the response to a repeated request was removed
/// - 422 for a reused `Idempotency-Key`
/// - the errors of the body and the store
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    ids: web::Path<(String, String)>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ids = wire_id::comment_in_path(&ids);
    let (ids, changes, command) = Command::read(&request, payload, ids, &COMMENT_CHANGES).await?;
    let if_match = IfMatch::of(&request)?;
    let (members, idempotency) = command.accept(|| changes.violations())?;

    let _key_in_use = services.keys_in_use.begin(principal.shop.id, idempotency.as_ref())?;
    let shop = principal.shop.id;
    let expected_version = if_match.expected_version(&*services.tickets, shop, ids.0).await?;
    let receipt = Arc::new(|outcome: &UpdateCommentOutcome| match outcome {
        UpdateCommentOutcome::Updated(view) => {
            let response = StoredResponse::ok(&CommentAnswer::new(view));
            Some(response.into_receipt(Some(view.comment.customer_id)))
        }
        UpdateCommentOutcome::TicketNotFound
        | UpdateCommentOutcome::VersionMismatch
        | UpdateCommentOutcome::CommentNotFound
        | UpdateCommentOutcome::TextMissing => None,
    });
    let updated = services
        .update_comment
        .execute(principal.caller(), ids, changes, expected_version, idempotency, receipt)
        .await;
    let outcome = match updated {
        Ok(outcome) => outcome,
        Err(error) => return Err(command_problem(error, members)),
    };
    idempotency::respond(outcome, |outcome| match outcome {
        UpdateCommentOutcome::Updated(view) => Ok(StoredResponse::ok(&CommentAnswer::new(&view))),
        UpdateCommentOutcome::TicketNotFound => Err(Problem::ticket_not_found()),
        UpdateCommentOutcome::VersionMismatch => Err(Problem::version_mismatch()),
        UpdateCommentOutcome::CommentNotFound => Err(Problem::comment_not_found()),
        UpdateCommentOutcome::TextMissing => {
            Err(members.problem(&[Violation { field: Field::Text, index: None, rule: Rule::NotBlank }]))
        }
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    let mut changed = examples::comment();
    changed["text"] = json!("Hello, I need a refund for [removed].");
    Description::new(
        "updateComment",
        COMMENTS,
        "Change a comment",
        "Changes the members in the body. A text that was replaced is removed from the event log and from \
         responses kept for an `Idempotency-Key`. With `If-Match`, only if the ticket still has that version.",
    )
    .parameters([parameters::ticket_id(), parameters::comment_id(), parameters::if_match()])
    .body(COMMENT_CHANGES.schema(), [("remove", json!({"text": "Hello, I need a refund for [removed]."}))])
    .returns::<CommentAnswer<'static>>(
        StatusCode::OK,
        "The comment after the change, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::IDEMPOTENCY_REPLAYED],
        [("remove", json!({"success": true, "comment": changed}))],
    )
    .fails_with([Problem::ticket_not_found(), Problem::comment_not_found(), Problem::version_mismatch()])
}
