//! Erases a customer.

use hexdesk_domain::ports::Erased;
use hexdesk_domain::{AuditStamp, CustomerId, NewEvent, ShopId};
use redb::WriteTransaction;

use super::tables::CustomerTables;
use crate::events::EventLog;
use crate::tables::IDEMPOTENCY_RECORDS;
use crate::{idempotency, tickets};

/// Erases the customer in this transaction, with its tickets, comments and idempotency records,
/// and with what it had under the numbers of customers who were merged into it.
pub(super) fn erase(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: CustomerId,
    stamp: AuditStamp,
) -> anyhow::Result<Option<Erased>> {
    let mut customers = CustomerTables::open(transaction)?;
    let Some(customer) = customers.find(shop, id)? else { return Ok(None) };
    customers.erase(&customer)?;
    let mut numbers = customers.merged_into(shop, id)?;
    customers.forget_merged(shop, &numbers)?;
    numbers.push(id);
    let mut events = Vec::new();
    let deleted = tickets::delete_all_of(transaction, shop, id, &mut events)?;
    let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
    let idempotency_records = idempotency::erase_all_of(&mut records, shop, &numbers)?;
    events.push(NewEvent::customer_erased(id));
    let mut log = EventLog::open(transaction)?;
    log.erase_snapshots(shop, &numbers)?;
    log.append(shop, stamp, events)?;
    Ok(Some(Erased { idempotency_records, ..deleted }))
}
