//! The erasure of one customer, with everything of theirs.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use hexdesk_domain::ports::Erased;
use hexdesk_domain::{AuditStamp, CustomerId, ShopId};

use super::errors::{Failure, count_from};
use crate::schema::{comments, customers, human_tickets, idempotency_records, tickets};

/// Erases the shop's customer, and first whatever refers to it. Must run in a transaction.
///
/// It waits for everyone who is about to add something of the customer's, since they keep
/// the customer by a foreign key or by [`ticket_locks`](super::ticket_locks), and holds
/// nothing that one of these could wait for before.
pub(super) async fn erase(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: CustomerId,
    _stamp: AuditStamp,
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
    let tickets = tickets::table.filter(of_customer);
    let ticket_ids: Vec<i64> =
        tickets.order(tickets::id).select(tickets::id).for_update().load(connection).await?;
    let erased = Erased {
        comments: count_from(
            diesel::delete(comments::table)
                .filter(comments::shop_id.eq(shop.get()).and(comments::ticket_id.eq_any(&ticket_ids)))
                .execute(connection)
                .await?,
        )?,
        human_tickets: count_from(
            diesel::delete(human_tickets::table)
                .filter(
                    human_tickets::shop_id.eq(shop.get()).and(human_tickets::ticket_id.eq_any(&ticket_ids)),
                )
                .execute(connection)
                .await?,
        )?,
        tickets: count_from(diesel::delete(tickets).execute(connection).await?)?,
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
    Ok(Some(erased))
}
