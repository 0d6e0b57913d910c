//! Updates a customer.

use hexdesk_domain::ports::{CustomerUpdate, UpdateCustomerOutcome};
use hexdesk_domain::{Customer, CustomerId, NewEvent, ShopId};
use redb::WriteTransaction;

use super::tables::CustomerTables;
use crate::events::EventLog;

/// Makes the changes in this transaction. All checks come before all writes, so that a
/// refused update writes nothing.
pub(super) fn update(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: CustomerId,
    update: CustomerUpdate,
) -> anyhow::Result<UpdateCustomerOutcome> {
    let CustomerUpdate { changes, stamp } = update;
    let mut customers = CustomerTables::open(transaction)?;
    let Some(before) = customers.find(shop, id)? else {
        return Ok(UpdateCustomerOutcome::CustomerNotFound);
    };
    let mut customer = before.clone();
    changes.apply(&mut customer);
    let is_change = customer != before;

    if is_change && !customer.is_reachable() {
        return Ok(UpdateCustomerOutcome::Unreachable);
    }
    let is_another = |found: Customer| found.id != id;
    if customers.find_by_email(shop, customer.email.as_deref())?.is_some_and(is_another) {
        return Ok(UpdateCustomerOutcome::EmailTaken);
    }
    if is_change {
        customers.replace(&before, &customer)?;
        let updated = NewEvent::customer_updated(customer.clone());
        EventLog::open(transaction)?.append(shop, stamp, [updated])?;
    }
    Ok(UpdateCustomerOutcome::Updated(Box::new(customer)))
}
