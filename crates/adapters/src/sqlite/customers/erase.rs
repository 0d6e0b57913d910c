//! Erases a customer with all their data.

use diesel::dsl::{count, exists};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::Erased;
use hexdesk_domain::{AuditStamp, CustomerId, EventKind, ShopId};

use crate::sql::schema::{comments, customers, tickets};
use crate::sqlite::events::append::{EventLog, erase_snapshots};
use crate::sqlite::search::index;

/// Scans all records in the index. Records are kept for hours only.
const DELETE_IDEMPOTENCY_RECORDS: &str = "DELETE FROM idempotency_records WHERE rowid IN (
    SELECT rowid FROM idempotency_records INDEXED BY idempotency_records_by_age
    WHERE shop_id = ? AND customer_id = ?
)";

/// Erases a customer of the shop, after all rows that refer to it.
pub(super) fn erase(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: CustomerId,
    stamp: AuditStamp,
) -> anyhow::Result<Option<Erased>> {
    let customer = customers::table.find((shop.get(), id.get()));
    if !diesel::select(exists(customer)).get_result(connection)? {
        return Ok(None);
    }
    let tickets_of_customer =
        tickets::table.filter(tickets::shop_id.eq(shop.get()).and(tickets::customer_id.eq(id.get())));
    let ticket_ids = || tickets_of_customer.select(tickets::id);
    let comments_of_customer = comments::table
        .filter(comments::shop_id.eq(shop.get()).and(comments::ticket_id.eq_any(ticket_ids())));
    erase_snapshots(connection, shop, id)?;
    let mut log = EventLog::default();
    let comment_ids = comments_of_customer.select(comments::id);
    log.append_deleted(connection, shop, EventKind::CommentDeleted, comment_ids, None, stamp)?;
    log.append_deleted(connection, shop, EventKind::TicketDeleted, ticket_ids(), None, stamp)?;
    let customer_id = customer.select(customers::id);
    log.append_deleted(connection, shop, EventKind::CustomerErased, customer_id, None, stamp)?;
    index::remove_customer(connection, shop, id)?;
    let comments = diesel::delete(comments_of_customer).execute(connection)?;
    let human_tickets: i64 =
        tickets_of_customer.select(count(tickets::human_ticket_id)).get_result(connection)?;
    let tickets = diesel::delete(tickets_of_customer).execute(connection)?;
    let idempotency_records = diesel::sql_query(DELETE_IDEMPOTENCY_RECORDS)
        .bind::<BigInt, _>(shop.get())
        .bind::<BigInt, _>(id.get())
        .execute(connection)?;
    diesel::delete(customer).execute(connection)?;
    Ok(Some(Erased {
        tickets: tickets.try_into()?,
        human_tickets: human_tickets.try_into()?,
        comments: comments.try_into()?,
        idempotency_records: idempotency_records.try_into()?,
    }))
}
