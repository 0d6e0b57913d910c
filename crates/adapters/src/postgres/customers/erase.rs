//! Erases a customer with all their data.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::Erased;
use hexdesk_domain::{AuditStamp, CustomerId, EventKind, ShopId};

use super::merged::take_with_merged;
use crate::postgres::deletions::delete_tickets;
use crate::postgres::errors::{Failure, count_from};
use crate::postgres::events::append::append;
use crate::sql::events::NewEventRow;
use crate::sql::schema::{customers, events, idempotency_records, tickets};

/// Erases a customer of the shop, after all rows that refer to it. Must run in a transaction.
///
/// Waits for transactions that add data of the customer. They lock the customer by a foreign key or
/// by [`locks`](crate::postgres::tickets::locks). Until then, it holds no lock that they could wait
/// for.
pub(super) async fn erase(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: CustomerId,
    stamp: AuditStamp,
) -> Result<Option<Erased>, Failure> {
    let customer = customers::table.find((shop.get(), id.get()));
    let found: Option<i64> =
        customer.select(customers::id).for_update().get_result(connection).await.optional()?;
    if found.is_none() {
        return Ok(None);
    }
    // Waits for deletions of these tickets before it reads the comments.
    let of_customer = tickets::shop_id.eq(shop.get()).and(tickets::customer_id.eq(id.get()));
    let found: Vec<(i64, bool)> = tickets::table
        .filter(of_customer)
        .order(tickets::id)
        .select((tickets::id, tickets::human_ticket_id.is_not_null()))
        .for_update()
        .load(connection)
        .await?;
    let human_tickets = found.iter().filter(|(_, has_human_ticket)| *has_human_ticket).count();
    let ticket_ids: Vec<i64> = found.into_iter().map(|(id, _)| id).collect();
    let deleted = delete_tickets(connection, shop, &ticket_ids).await?;
    let numbers = take_with_merged(connection, shop, id).await?;
    let idempotency_records = diesel::delete(idempotency_records::table)
        .filter(
            idempotency_records::shop_id
                .eq(shop.get())
                .and(idempotency_records::customer_id.eq_any(&numbers)),
        )
        .execute(connection)
        .await?;
    diesel::delete(customer).execute(connection).await?;
    remove_snapshots(connection, shop, &numbers).await?;
    let erased = Erased {
        comments: count_from(deleted.comments.len())?,
        human_tickets: count_from(human_tickets)?,
        tickets: count_from(deleted.tickets.len())?,
        idempotency_records: count_from(idempotency_records)?,
    };
    let event = NewEventRow::of_deleted(shop, EventKind::CustomerErased, id.get(), stamp.into());
    append(connection, deleted.events(shop, stamp).chain([event])).await?;
    Ok(Some(erased))
}

/// Removes the data of the customer with these numbers from the log. Must run in the transaction that has locked and
/// deleted the customer. Transactions that wrote such data held a lock on the customer, so their
/// events are visible. Later transactions find no customer.
async fn remove_snapshots(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    numbers: &[i64],
) -> QueryResult<()> {
    let of_customer = || {
        events::table.filter(
            events::shop_id
                .eq(shop.get())
                .and(events::customer_id.eq_any(numbers))
                .and(events::snapshot.is_not_null()),
        )
    };
    // In the order of the log, like the removal of old events, so that the two cannot deadlock.
    let places = of_customer().order((events::change, events::part)).select((events::change, events::part));
    places.for_no_key_update().execute(connection).await?;
    diesel::update(of_customer())
        .set((events::snapshot.eq(None::<String>), events::customer_id.eq(None::<i64>)))
        .execute(connection)
        .await?;
    Ok(())
}
