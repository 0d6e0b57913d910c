//! Bodies that create and change customers, for the fuzzer.

use hexdesk_domain::{Customer, CustomerChanges, ExternalIds, NewCustomer};
use serde_json::Value;

use super::wire::{self, CUSTOMER_CHANGES, CustomerAnswer, NEW_CUSTOMER};
use crate::command::Command;
use crate::fuzzing::{BodyKind, answered, scene};
use crate::idempotency::StoredAnswer;
use crate::problem::Problem;

pub(crate) const CREATE: BodyKind =
    BodyKind { spelling: || NEW_CUSTOMER.spelling(), is_patch: false, answer: create };
pub(crate) const UPDATE: BodyKind =
    BodyKind { spelling: || CUSTOMER_CHANGES.spelling(), is_patch: true, answer: update };

fn create(mut command: Command) -> Result<Value, Problem> {
    let draft = wire::draft(&mut command.members);
    let (members, _) = command.accept(|| draft.violations())?;
    let violations = draft.violations();
    let new = draft.into_new(scene::STAMP);
    assert_eq!(new.clone().err().unwrap_or_default(), violations);
    let new = new.map_err(|violations| members.problem(&violations))?;
    let NewCustomer { id: _, email, phone_number, first_name, last_name, full_name, external_ids, stamp } =
        new;
    let customer = Customer {
        email,
        phone_number,
        first_name,
        last_name,
        full_name,
        external_ids,
        created_at: stamp.time,
        ..scene::customer()
    };
    Ok(answer(&customer))
}

fn update(mut command: Command) -> Result<Value, Problem> {
    let changes = wire::changes(&mut command.members);
    let (members, _) = command.accept(|| changes.violations())?;
    let violations = changes.violations();
    if !violations.is_empty() {
        return Err(members.problem(&violations));
    }
    Ok(answer(&changed(scene::customer(), changes)))
}

fn changed(customer: Customer, changes: CustomerChanges) -> Customer {
    let ids = customer.external_ids;
    Customer {
        email: changes.email.unwrap_or(customer.email),
        phone_number: changes.phone_number.unwrap_or(customer.phone_number),
        first_name: changes.first_name.unwrap_or(customer.first_name),
        last_name: changes.last_name.unwrap_or(customer.last_name),
        full_name: changes.full_name.unwrap_or(customer.full_name),
        external_ids: ExternalIds {
            shopify_id: changes.shopify_id.unwrap_or(ids.shopify_id),
            wordpress_id: changes.wordpress_id.unwrap_or(ids.wordpress_id),
            fb_user_id: changes.fb_user_id.unwrap_or(ids.fb_user_id),
            ig_user_id: changes.ig_user_id.unwrap_or(ids.ig_user_id),
            whatsapp_id: changes.whatsapp_id.unwrap_or(ids.whatsapp_id),
            ..ExternalIds::default()
        },
        ..customer
    }
}

fn answer(customer: &Customer) -> Value {
    let location = format!("/api/v1/customers/{}", customer.id);
    let answer = StoredAnswer::created(Some(location), &CustomerAnswer::new(customer, scene::SHOP_DOMAIN));
    answered(answer)["customer"].take()
}
