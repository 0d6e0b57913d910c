//! Bodies that create comments, for the fuzzer.

use hexdesk_domain::{CommentId, CommentView};
use serde_json::Value;

use super::body_kind::{BodyKind, answered};
use super::samples;
use crate::command::Command;
use crate::comments::wire::{self, CommentAnswer, NEW_COMMENT};
use crate::idempotency::StoredResponse;
use crate::problem::Problem;

pub(super) const CREATE: BodyKind =
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
    Ok(answered(StoredResponse::created(None, &CommentAnswer::new(&view)))["comment"].take())
}
