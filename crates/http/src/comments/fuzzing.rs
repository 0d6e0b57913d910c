//! Bodies that create comments, for the fuzzer.

#![allow(clippy::unwrap_used, reason = "what does not hold is told by panicking")]

use hexdesk_domain::{Comment, CommentId, CommentView, NewComment};
use serde_json::Value;

use super::wire::{self, CommentAnswer, NEW_COMMENT};
use crate::command::Command;
use crate::fuzzing::{BodyKind, answered, scene};
use crate::idempotency::StoredAnswer;
use crate::problem::Problem;

pub(crate) const CREATE: BodyKind =
    BodyKind { spelling: || NEW_COMMENT.spelling(), is_patch: false, answer: create };

fn create(mut command: Command) -> Result<Value, Problem> {
    let draft = wire::draft(&mut command.members);
    let (members, _) = command.accept(|| draft.violations())?;
    let violations = draft.violations();
    let id = CommentId::new(8).unwrap();
    let new = draft.into_new(id, scene::SHOP, scene::TICKET, None, scene::NOW);
    assert_eq!(new.clone().err().unwrap_or_default(), violations);
    let new = new.map_err(|violations| members.problem(&violations))?;
    let view = CommentView { comment: kept(new), customer: scene::customer(), author: None };
    Ok(answered(StoredAnswer::created(None, &CommentAnswer::new(&view)))["comment"].take())
}

/// What a store makes of a new comment.
fn kept(new: NewComment) -> Comment {
    let ticket = scene::ticket();
    Comment {
        id: new.id,
        shop_id: new.shop_id,
        ticket_id: new.ticket_id,
        customer_id: ticket.customer_id,
        text: new.text,
        time: new.time,
        channel: new.channel.unwrap_or(ticket.channel),
        is_from_shop: new.is_from_shop,
        author_id: new.author_id,
        subject: new.subject,
        from_email: new.from_email,
        to_emails: new.to_emails,
        attachments: new.attachments,
        tags: new.tags,
    }
}
