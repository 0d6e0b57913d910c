//! Bodies that create and change users, for the fuzzer.

use hexdesk_domain::User;
use serde_json::Value;

use super::body_kind::{BodyKind, answered};
use super::samples;
use crate::command::Command;
use crate::idempotency::StoredResponse;
use crate::problem::Problem;
use crate::users::wire::{self, NEW_USER, USER_CHANGES, UserAnswer};

pub(super) const CREATE: BodyKind =
    BodyKind { spelling: || NEW_USER.spelling(), is_patch: false, answer: create };
pub(super) const UPDATE: BodyKind =
    BodyKind { spelling: || USER_CHANGES.spelling(), is_patch: true, answer: update };

fn create(mut command: Command) -> Result<Value, Problem> {
    let draft = wire::draft(&mut command.members);
    let (members, _) = command.accept(|| draft.violations())?;
    let violations = draft.violations();
    let new = draft.into_new(samples::STAMP);
    assert_eq!(new.clone().map_err(Vec::from).err().unwrap_or_default(), violations);
    let new = new.map_err(|violations| members.problem(&violations))?;
    let user = samples::user();
    Ok(answer(&new.into_user(user.shop_id, user.id)))
}

fn update(mut command: Command) -> Result<Value, Problem> {
    let changes = wire::changes(&mut command.members);
    let (members, _) = command.accept(|| changes.violations())?;
    let violations = changes.violations();
    if !violations.is_empty() {
        return Err(members.problem(&violations));
    }
    let mut user = samples::user();
    changes.apply(&mut user, samples::NOW);
    Ok(answer(&user))
}

fn answer(user: &User) -> Value {
    let location = format!("/api/v1/users/{}", user.id);
    answered(StoredResponse::created(Some(location), &UserAnswer::new(user, samples::SHOP_DOMAIN)))["user"]
        .take()
}
