//! The erasure of one customer, with everything of theirs.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use hexdesk_domain::ports::Erased;
use hexdesk_domain::{AuditStamp, CustomerId, EventKind, ShopId};

use crate::postgres::deletions::{delete_comments, delete_tickets};
use crate::postgres::errors::{Failure, count_from};
use crate::postgres::events::append::append;
use crate::sql::events::NewEventRow;
use crate::sql::schema::{customers, events, idempotency_records, tickets};

/// Erases the shop's customer, and first whatever refers to it. Must run in a transaction.
///
/// It waits for everyone who is about to add something of the customer's, since they keep
/// the customer by a foreign key or by [`locks`](crate::postgres::tickets::locks), and holds
/// nothing that one of these could wait for before.
pub(super) async fn erase(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: CustomerId,
    stamp: AuditStamp,
) -> Result<Option<Erased>, Failure> {
    // Before the customer, because whoever numbers customers keeps all writers out first.
    connection.batch_execute("LOCK TABLE customers IN ROW EXCLUSIVE MODE").await?;
    let customer = customers::table.find((shop.get(), id.get()));
    let found: Option<i64> =
        customer.select(customers::id).for_update().get_result(connection).await.optional()?;
    if found.is_none() {
        return Ok(None);
    }
    // A deletion of one of the tickets ends before its comments are looked for.
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
    let erased = Erased {
        comments: count_from(delete_comments(connection, shop, &ticket_ids, stamp).await?)?,
        human_tickets: count_from(human_tickets)?,
        tickets: count_from(delete_tickets(connection, shop, &ticket_ids, stamp).await?)?,
        idempotency_records: count_from(
            diesel::delete(idempotency_records::table)
                .filter(
                    idempotency_records::shop_id
                        .eq(shop.get())
                        .and(idempotency_records::customer_id.eq(id.get())),
                )
                .execute(connection)
                .await?,
        )?,
    };
    diesel::delete(customer).execute(connection).await?;
    let event = NewEventRow {
        shop_id: shop.get(),
        kind: EventKind::CustomerErased.as_str(),
        subject_id: id.get(),
        stamp: stamp.into(),
        customer_id: None,
        snapshot: None,
    };
    append(connection, [event]).await?;
    take_snapshots(connection, shop, id).await?;
    Ok(Some(erased))
}

/// Takes the customer's data out of the log. Must run in the transaction that has the
/// customer to itself: whoever wrote such data kept the customer until the end, so all of it
/// is there to be seen; and whoever is about to finds no customer.
async fn take_snapshots(connection: &mut AsyncPgConnection, shop: ShopId, id: CustomerId) -> QueryResult<()> {
    let of_customer = events::table.filter(
        events::shop_id
            .eq(shop.get())
            .and(events::customer_id.eq(id.get()))
            .and(events::snapshot.is_not_null()),
    );
    // In the order of the log, in which those are removed that were kept long enough: neither
    // waits for the other while it holds what that one waits for.
    let places = of_customer.order((events::change, events::part)).select((events::change, events::part));
    places.for_no_key_update().execute(connection).await?;
    diesel::update(of_customer)
        .set((events::snapshot.eq(None::<String>), events::customer_id.eq(None::<i64>)))
        .execute(connection)
        .await?;
    Ok(())
}
