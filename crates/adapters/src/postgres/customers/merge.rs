//! Merges customers.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CustomerMerge, MergeCustomersOutcome};
use hexdesk_domain::{Customer, CustomerId, EventKind, ShopId, Snapshot};

use super::update;
use crate::postgres::errors::Failure;
use crate::postgres::events::append::append;
use crate::sql::customers::CustomerRow;
use crate::sql::events::NewEventRow;
use crate::sql::schema::{customers, merged_customers, tickets};

/// Moves everything of one customer to the other. Must run in a transaction. Events and idempotency
/// records keep their numbers, because a customer can have any number of them: an erasure looks for
/// merged numbers, too.
///
/// Waits for transactions that add data of the merged customer, as an erasure does.
pub(super) async fn merge(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    merge: CustomerMerge,
) -> Result<MergeCustomersOutcome, Failure> {
    let CustomerMerge { from, into, stamp } = merge;
    // In order of number, so that two merges cannot deadlock.
    let (remaining, merged) = if into < from {
        let remaining = lock_remaining(connection, shop, into).await?;
        (remaining, lock_merged(connection, shop, from).await?)
    } else {
        let merged = lock_merged(connection, shop, from).await?;
        (lock_remaining(connection, shop, into).await?, merged)
    };
    let Some(mut remaining) = remaining else { return Ok(MergeCustomersOutcome::CustomerNotFound(into)) };
    let Some(merged) = merged else { return Ok(MergeCustomersOutcome::CustomerNotFound(from)) };
    let of_from = tickets::shop_id.eq(shop.get()).and(tickets::customer_id.eq(from.get()));
    diesel::update(tickets::table.filter(of_from))
        .set(tickets::customer_id.eq(into.get()))
        .execute(connection)
        .await?;
    let earlier = merged_customers::shop_id.eq(shop.get()).and(merged_customers::into_id.eq(from.get()));
    diesel::update(merged_customers::table.filter(earlier))
        .set(merged_customers::into_id.eq(into.get()))
        .execute(connection)
        .await?;
    diesel::delete(customers::table.find((shop.get(), from.get()))).execute(connection).await?;
    diesel::insert_into(merged_customers::table)
        .values((
            merged_customers::shop_id.eq(shop.get()),
            merged_customers::id.eq(from.get()),
            merged_customers::into_id.eq(into.get()),
        ))
        .execute(connection)
        .await?;
    remaining.absorb(merged);
    if !update::replace(connection, &remaining).await? {
        return Err(Failure::Unexpected("the address of a merged customer is taken"));
    }
    let snapshot = Snapshot::Customer(Box::new(remaining.clone()));
    let events = [
        NewEventRow::of_deleted(shop, EventKind::CustomerMerged, from.get(), stamp.into()),
        NewEventRow::new(shop, EventKind::CustomerUpdated, snapshot, stamp)?,
    ];
    append(connection, events).await?;
    Ok(MergeCustomersOutcome::Merged(Box::new(remaining)))
}

async fn lock_remaining(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: CustomerId,
) -> Result<Option<Customer>, Failure> {
    let row: Option<CustomerRow> = customers::table
        .find((shop.get(), id.get()))
        .select(CustomerRow::as_select())
        .for_no_key_update()
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

async fn lock_merged(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: CustomerId,
) -> Result<Option<Customer>, Failure> {
    let row: Option<CustomerRow> = customers::table
        .find((shop.get(), id.get()))
        .select(CustomerRow::as_select())
        .for_update()
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}
