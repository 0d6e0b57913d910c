//! Bodies that create and change customers, for the fuzzer.

use hexdesk_domain::Customer;
use serde_json::Value;

use super::body_kind::{BodyKind, answered};
use super::samples;
use crate::command::Command;
use crate::customers::wire::{self, CUSTOMER_CHANGES, CustomerAnswer, NEW_CUSTOMER};
use crate::idempotency::StoredResponse;
use crate::problem::Problem;

pub(super) const CREATE: BodyKind =
    BodyKind { spelling: || NEW_CUSTOMER.spelling(), is_patch: false, answer: create };
pub(super) const UPDATE: BodyKind =
    BodyKind { spelling: || CUSTOMER_CHANGES.spelling(), is_patch: true, answer: update };

fn create(mut command: Command) -> Result<Value, Problem> {
    let draft = wire::draft(&mut command.members);
    let (members, _) = command.accept(|| draft.violations())?;
    let violations = draft.violations();
    let new = draft.into_new(samples::STAMP);
    assert_eq!(new.clone().map_err(Vec::from).err().unwrap_or_default(), violations);
    let new = new.map_err(|violations| members.problem(&violations))?;
    let customer = samples::customer();
    Ok(answer(&new.into_customer(customer.shop_id, customer.id)))
}

fn update(mut command: Command) -> Result<Value, Problem> {
    let changes = wire::changes(&mut command.members);
    let (members, _) = command.accept(|| changes.violations())?;
    let violations = changes.violations();
    if !violations.is_empty() {
        return Err(members.problem(&violations));
    }
    let mut customer = samples::customer();
    changes.apply(&mut customer);
    Ok(answer(&customer))
}

fn answer(customer: &Customer) -> Value {
    let location = format!("/api/v1/customers/{}", customer.id);
    let answer =
        StoredResponse::created(Some(location), &CustomerAnswer::new(customer, samples::SHOP_DOMAIN));
    answered(answer)["customer"].take()
}
