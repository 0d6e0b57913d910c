//! Bodies that create and rotate API keys, for the fuzzer.

use hexdesk_domain::{ApiKey, KeyNumber, Scope, SecretHash};
use serde_json::Value;

use super::body_kind::{BodyKind, answered};
use super::samples;
use crate::api_keys::new_key;
use crate::api_keys::wire::{self, API_KEY_ROTATION, NEW_API_KEY};
use crate::command::Command;
use crate::problem::Problem;

pub(super) const CREATE: BodyKind =
    BodyKind { spelling: || NEW_API_KEY.spelling(), is_patch: false, answer: create };
pub(super) const ROTATE: BodyKind =
    BodyKind { spelling: || API_KEY_ROTATION.spelling(), is_patch: false, answer: rotate };

fn key() -> ApiKey {
    ApiKey {
        shop_id: samples::SHOP,
        number: KeyNumber::new(2).unwrap(),
        secret_hash: SecretHash([0; 32]),
        scopes: Scope::ALL.iter().copied().collect(),
        user_id: None,
        created_at: samples::NOW,
        expires_at: None,
        revoked_at: None,
    }
}

fn create(mut command: Command) -> Result<Value, Problem> {
    let draft = wire::draft(&mut command.members);
    let (members, _) = command.accept(|| draft.violations(samples::NOW))?;
    let violations = draft.violations(samples::NOW);
    if !violations.is_empty() {
        return Err(members.problem(&violations));
    }
    let scopes = draft.scopes.iter().flatten().map(|name| name.parse().unwrap()).collect();
    Ok(answer(&ApiKey { scopes, user_id: draft.user_id, expires_at: draft.expires_at, ..key() }))
}

fn rotate(mut command: Command) -> Result<Value, Problem> {
    let draft = wire::rotation(&mut command.members);
    let (members, _) = command.accept(|| draft.violations(samples::NOW))?;
    let violations = draft.violations(samples::NOW);
    if !violations.is_empty() {
        return Err(members.problem(&violations));
    }
    Ok(answer(&ApiKey { expires_at: draft.expires_at, ..key() }))
}

fn answer(key: &ApiKey) -> Value {
    answered(new_key::answer(key, None, samples::NOW))["apiKey"].take()
}
