//! Merges customers.

use hexdesk_domain::ports::{CustomerMerge, MergeCustomersOutcome};
use hexdesk_domain::{NewEvent, ShopId};
use redb::WriteTransaction;

use super::tables::CustomerTables;
use crate::events::EventLog;
use crate::tickets;

/// Moves everything of one customer to the other in this transaction. Events and idempotency records
/// keep their numbers: an erasure looks for merged numbers, too.
pub(super) fn merge(
    transaction: &WriteTransaction,
    shop: ShopId,
    merge: CustomerMerge,
) -> anyhow::Result<MergeCustomersOutcome> {
    let CustomerMerge { from, into, stamp } = merge;
    let mut customers = CustomerTables::open(transaction)?;
    let Some(before) = customers.find(shop, into)? else {
        return Ok(MergeCustomersOutcome::CustomerNotFound(into));
    };
    let Some(merged) = customers.find(shop, from)? else {
        return Ok(MergeCustomersOutcome::CustomerNotFound(from));
    };
    let mut remaining = before.clone();
    remaining.absorb(merged.clone());
    customers.merge(&merged, into)?;
    customers.replace(&before, &remaining)?;
    tickets::move_all_of(transaction, shop, from, into)?;
    let events = [NewEvent::customer_merged(from), NewEvent::customer_updated(remaining.clone())];
    EventLog::open(transaction)?.append(shop, stamp, events)?;
    Ok(MergeCustomersOutcome::Merged(Box::new(remaining)))
}
