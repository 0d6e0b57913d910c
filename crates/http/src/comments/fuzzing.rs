//! Bodies that create comments, for the fuzzer.

#![allow(clippy::unwrap_used, reason = "a property that does not hold is a panic")]

use hexdesk_domain::{CommentId, CommentView};
use serde_json::Value;

use super::wire::{self, CommentAnswer, NEW_COMMENT};
use crate::command::Command;
use crate::fuzzing::{BodyKind, answered, samples};
use crate::idempotency::StoredAnswer;
use crate::problem::Problem;

pub(crate) const CREATE: BodyKind =
    BodyKind { spelling: || NEW_COMMENT.spelling(), is_patch: false, answer: create };

fn create(mut command: Command) -> Result<Value, Problem> {
    let draft = wire::draft(&mut command.members);
    let (members, _) = command.accept(|| draft.violations())?;
    let violations = draft.violations();
    let id = CommentId::new(8).unwrap();
    let new = draft.into_new(id, samples::SHOP, samples::TICKET, None, samples::NOW);
    assert_eq!(new.clone().map_err(Vec::from).err().unwrap_or_default(), violations);
    let new = new.map_err(|violations| members.problem(&violations))?;
    let view = CommentView {
        comment: new.into_comment(&samples::ticket()),
        customer: samples::customer(),
        author: None,
    };
    Ok(answered(StoredAnswer::created(None, &CommentAnswer::new(&view)))["comment"].take())
}
