//! What the comment routes say of themselves.

use actix_web::http::StatusCode;
use hexdesk_domain::Field;
use hexdesk_domain::limits::{
    DEFAULT_PAGE_ENTRIES, MAX_CHANNEL_CHARS, MAX_COMMENT_CHARS, MAX_COMMENT_SUBJECT_CHARS, MAX_EMAIL_CHARS,
    MAX_PAGE_ENTRIES, MAX_TAG_CHARS, MAX_TAGS, MAX_TO_EMAILS,
};
use serde_json::{Value, json};
use utoipa::openapi::schema::Object;

use super::wire::{COMMENT_MEMBERS, CommentAnswer, CommentsAnswer};
use crate::openapi::{BodySchema, COMMENTS, Description, headers, parameters, schemas};
use crate::problem::Problem;
use crate::tickets::openapi::{self as tickets, EXAMPLE_ID};

pub(crate) fn create() -> Description {
    let example = json!({
        "text": "Hello, I need a refund.",
        "time": "2026-04-28T00:00:00.000Z",
        "isFromShop": false
    });
    Description::new(
        "createComment",
        COMMENTS,
        "Add a comment to a ticket",
        "Adds a message to a ticket, in the name of the key's user if it has one.",
    )
    .parameters([tickets::in_path()])
    .body("NewComment", body().into(), [("message", example)])
    .answers::<CommentAnswer<'static>>(
        StatusCode::CREATED,
        "The comment was added, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::IDEMPOTENCY_REPLAYED],
        [("message", json!({"success": true, "comment": comment()}))],
    )
    .fails_with([Problem::ticket_not_found(), Problem::user_not_found()])
}

pub(crate) fn list() -> Description {
    let limit = format!(
        "How many entries the page may have. Without `limit` and `cursor` all comments are answered; with \
         `cursor` alone {DEFAULT_PAGE_ENTRIES}."
    );
    Description::new(
        "listComments",
        COMMENTS,
        "List the comments of a ticket",
        "The messages of a ticket, oldest first: all of them, or a page if `limit` or `cursor` is given. \
         Parameters that are not named here are refused, and so is one that is there twice.",
    )
    .parameters([
        tickets::in_path(),
        parameters::in_query("limit", &limit, schemas::integer(1, i64::from(MAX_PAGE_ENTRIES))),
        parameters::cursor(),
    ])
    .answers::<CommentsAnswer<'static>>(
        StatusCode::OK,
        "The comments.",
        &[headers::LINK],
        [("all", json!({"success": true, "comments": [comment()], "totalCount": 1, "next_cursor": null}))],
    )
    .fails_with([Problem::ticket_not_found()])
}

fn body() -> Object {
    BodySchema::new(COMMENT_MEMBERS, "A comment to add. Members that are not named here are ignored; `null` stands for a member that is not there.")
        .required(Field::Text, schemas::text_not_blank(MAX_COMMENT_CHARS), "What is written. Not blank.")
        .optional(Field::Time, schemas::timestamp(), "When it was written; now if absent.")
        .optional(Field::Subject, schemas::text(MAX_COMMENT_SUBJECT_CHARS), "Its subject.")
        .optional(Field::FromEmail, schemas::email(), "The address it was sent from.")
        .optional(
            Field::ToEmails,
            schemas::texts_or_ignored(MAX_TO_EMAILS, MAX_EMAIL_CHARS),
            "The addresses it was sent to. What is no list counts as none, and is no error.",
        )
        .optional(Field::Attachments, schemas::anything(), "Any JSON; kept as given.")
        .optional(Field::Tags, schemas::texts(MAX_TAGS, MAX_TAG_CHARS), "Its tags; their order is kept.")
        .optional(
            Field::Channel,
            schemas::text_not_blank(MAX_CHANNEL_CHARS),
            "Where it was written; the ticket's channel if absent. Not blank.",
        )
        .optional(
            Field::IsFromShop,
            schemas::anything(),
            "Whether the shop wrote it: `false` and `\"false\"` say that it did not; anything else that it \
             did, and is no error.",
        )
        .build()
}

fn comment() -> Value {
    json!({
        "id": "382850268154298369",
        "ticketId": EXAMPLE_ID,
        "text": "Hello, I need a refund.",
        "time": "2026-04-28T00:00:00.000Z",
        "Channel": "Mail",
        "isFromShop": false,
        "subject": null,
        "fromEmail": null,
        "toEmails": [],
        "attachments": null,
        "tags": [],
        "Customer": tickets::customer(),
        "User": null
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_described() {
        crate::openapi::assert_describes(&body(), COMMENT_MEMBERS);
    }
}
