//! Merges customers.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{CustomerMerge, MergeCustomersOutcome};
use hexdesk_domain::{EventKind, ShopId, Snapshot};

use super::{find, update};
use crate::sql::schema::{customers, merged_customers, tickets};
use crate::sqlite::events::append::EventLog;
use crate::sqlite::search::index;

/// Moves everything of one customer to the other. Events and idempotency records keep their numbers,
/// because a customer can have any number of them: an erasure looks for merged numbers, too.
pub(super) fn merge(
    connection: &mut SqliteConnection,
    shop: ShopId,
    merge: CustomerMerge,
) -> anyhow::Result<MergeCustomersOutcome> {
    let CustomerMerge { from, into, stamp } = merge;
    let Some(before) = find(connection, shop, into)? else {
        return Ok(MergeCustomersOutcome::CustomerNotFound(into));
    };
    let Some(merged) = find(connection, shop, from)? else {
        return Ok(MergeCustomersOutcome::CustomerNotFound(from));
    };
    let of_from = tickets::shop_id.eq(shop.get()).and(tickets::customer_id.eq(from.get()));
    diesel::update(tickets::table.filter(of_from))
        .set(tickets::customer_id.eq(into.get()))
        .execute(connection)?;
    let earlier = merged_customers::shop_id.eq(shop.get()).and(merged_customers::into_id.eq(from.get()));
    diesel::update(merged_customers::table.filter(earlier))
        .set(merged_customers::into_id.eq(into.get()))
        .execute(connection)?;
    index::remove_customer(connection, shop, from)?;
    diesel::delete(customers::table.find((shop.get(), from.get()))).execute(connection)?;
    diesel::insert_into(merged_customers::table)
        .values((
            merged_customers::shop_id.eq(shop.get()),
            merged_customers::id.eq(from.get()),
            merged_customers::into_id.eq(into.get()),
        ))
        .execute(connection)?;
    let mut after = before.clone();
    after.absorb(merged);
    update::replace(connection, &before, &after)?;
    let mut log = EventLog::default();
    log.append_gone(connection, shop, EventKind::CustomerMerged, from.get(), stamp.into())?;
    let snapshot = Snapshot::Customer(Box::new(after.clone()));
    log.append(connection, shop, EventKind::CustomerUpdated, snapshot, stamp)?;
    Ok(MergeCustomersOutcome::Merged(Box::new(after)))
}
