//! Changing a customer.

use hexdesk_domain::ports::{CustomerUpdate, UpdateCustomerOutcome};
use hexdesk_domain::{Customer, CustomerChanges, CustomerId, EventKind, ShopId, Snapshot};
use redb::WriteTransaction;

use super::tables::CustomerTables;
use crate::changes::set;
use crate::events::{EventLog, NewEvent};

/// Makes the changes in this transaction. First come all the checks and then all the
/// writes, so that a refused update has written nothing.
pub(super) fn update(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: CustomerId,
    update: CustomerUpdate,
) -> anyhow::Result<UpdateCustomerOutcome> {
    let CustomerUpdate { changes, stamp } = update;
    let is_change = !changes.is_empty();
    let mut customers = CustomerTables::open(transaction)?;
    let Some(before) = customers.find(shop, id)? else {
        return Ok(UpdateCustomerOutcome::CustomerNotFound);
    };
    let mut customer = before.clone();
    change(&mut customer, changes);

    if is_change && customer.email.is_none() && customer.phone_number.is_none() {
        return Ok(UpdateCustomerOutcome::Unreachable);
    }
    let is_another = |found: Customer| found.id != id;
    if customers.find_by_email(shop, customer.email.as_deref())?.is_some_and(is_another) {
        return Ok(UpdateCustomerOutcome::EmailTaken);
    }
    if customers.find_by_phone_number(shop, customer.phone_number.as_deref())?.is_some_and(is_another) {
        return Ok(UpdateCustomerOutcome::PhoneNumberTaken);
    }

    if is_change {
        customers.replace(&before, &customer)?;
        let updated = Snapshot::Customer(Box::new(customer.clone()));
        let event = NewEvent::new(EventKind::CustomerUpdated, updated);
        EventLog::open(transaction)?.append(shop, stamp, [event])?;
    }
    Ok(UpdateCustomerOutcome::Updated(Box::new(customer)))
}

fn change(customer: &mut Customer, changes: CustomerChanges) {
    // In full, so that no change is forgotten.
    let CustomerChanges {
        email,
        phone_number,
        first_name,
        last_name,
        full_name,
        shopify_id,
        wordpress_id,
        fb_user_id,
        ig_user_id,
        whatsapp_id,
    } = changes;
    set(&mut customer.email, email);
    set(&mut customer.phone_number, phone_number);
    set(&mut customer.first_name, first_name);
    set(&mut customer.last_name, last_name);
    set(&mut customer.full_name, full_name);
    set(&mut customer.external_ids.shopify_id, shopify_id);
    set(&mut customer.external_ids.wordpress_id, wordpress_id);
    set(&mut customer.external_ids.fb_user_id, fb_user_id);
    set(&mut customer.external_ids.ig_user_id, ig_user_id);
    set(&mut customer.external_ids.whatsapp_id, whatsapp_id);
}
