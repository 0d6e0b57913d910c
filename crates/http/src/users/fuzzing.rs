//! Bodies that create and change users, for the fuzzer.

use hexdesk_domain::{NewUser, User, UserChanges};
use serde_json::Value;

use super::wire::{self, NEW_USER, USER_CHANGES, UserAnswer};
use crate::command::Command;
use crate::fuzzing::{BodyKind, answered, scene};
use crate::idempotency::StoredAnswer;
use crate::problem::Problem;

pub(crate) const CREATE: BodyKind =
    BodyKind { spelling: || NEW_USER.spelling(), is_patch: false, answer: create };
pub(crate) const UPDATE: BodyKind =
    BodyKind { spelling: || USER_CHANGES.spelling(), is_patch: true, answer: update };

fn create(mut command: Command) -> Result<Value, Problem> {
    let draft = wire::draft(&mut command.members);
    let (members, _) = command.accept(|| draft.violations())?;
    let violations = draft.violations();
    let new = draft.into_new(scene::STAMP);
    assert_eq!(new.clone().err().unwrap_or_default(), violations);
    let new = new.map_err(|violations| members.problem(&violations))?;
    let NewUser { id: _, email, first_name, last_name, full_name, stamp } = new;
    Ok(answer(&User { email, first_name, last_name, full_name, created_at: stamp.time, ..scene::user() }))
}

fn update(mut command: Command) -> Result<Value, Problem> {
    let changes = wire::changes(&mut command.members);
    let (members, _) = command.accept(|| changes.violations())?;
    let violations = changes.violations();
    if !violations.is_empty() {
        return Err(members.problem(&violations));
    }
    let UserChanges { email, first_name, last_name, full_name, is_active } = changes;
    let user = scene::user();
    Ok(answer(&User {
        email: email.unwrap_or(user.email),
        first_name: first_name.unwrap_or(user.first_name),
        last_name: last_name.unwrap_or(user.last_name),
        full_name: full_name.unwrap_or(user.full_name),
        deactivated_at: (is_active == Some(false)).then_some(scene::NOW),
        ..user
    }))
}

fn answer(user: &User) -> Value {
    let location = format!("/api/v1/users/{}", user.id);
    answered(StoredAnswer::created(Some(location), &UserAnswer::new(user, scene::SHOP_DOMAIN)))["user"].take()
}
