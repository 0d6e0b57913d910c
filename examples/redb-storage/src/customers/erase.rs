//! Erasing a customer.

use hexdesk_domain::ports::Erased;
use hexdesk_domain::{CustomerId, ShopId};
use redb::WriteTransaction;

use super::tables::CustomerTables;
use crate::tables::IDEMPOTENCY_RECORDS;
use crate::{once, tickets};

/// Takes the customer away in this transaction, with everything of theirs.
pub(super) fn erase(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: CustomerId,
) -> anyhow::Result<Option<Erased>> {
    let mut customers = CustomerTables::open(transaction)?;
    let Some(customer) = customers.find(shop, id)? else { return Ok(None) };
    customers.erase(&customer)?;
    let deleted = tickets::delete_all_of(transaction, shop, id)?;
    let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
    let idempotency_records = once::erase_all_of(&mut records, shop, id)?;
    Ok(Some(Erased { idempotency_records, ..deleted }))
}
