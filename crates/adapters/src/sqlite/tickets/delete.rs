//! Deletes a ticket with its comments.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::DeleteTicketOutcome;
use hexdesk_domain::{AuditStamp, CustomerId, EventKind, ShopId, TicketId};

use crate::sql::schema::{comments, tickets};
use crate::sqlite::events::append::EventLog;
use crate::sqlite::presence::has_present_customer;
use crate::sqlite::search::index;

/// Deletes a ticket of the shop, after all rows that refer to it.
pub(super) fn delete(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: TicketId,
    expected_version: Option<i64>,
    stamp: AuditStamp,
) -> anyhow::Result<DeleteTicketOutcome> {
    let ticket = tickets::table.find((shop.get(), id.get()));
    let found: Option<(i64, i64)> = ticket
        .filter(has_present_customer())
        .select((tickets::version, tickets::customer_id))
        .get_result(connection)
        .optional()?;
    let Some((version, customer)) = found else { return Ok(DeleteTicketOutcome::TicketNotFound) };
    if expected_version.is_some_and(|expected| expected != version) {
        return Ok(DeleteTicketOutcome::VersionMismatch);
    }
    let comments =
        comments::table.filter(comments::shop_id.eq(shop.get()).and(comments::ticket_id.eq(id.get())));
    let customer = CustomerId::new(customer);
    let (comment_ids, ticket_id) = (comments.select(comments::id), ticket.select(tickets::id));
    let mut log = EventLog::default();
    log.append_deleted(connection, shop, EventKind::CommentDeleted, comment_ids, customer, stamp)?;
    log.append_deleted(connection, shop, EventKind::TicketDeleted, ticket_id, customer, stamp)?;
    index::remove_ticket(connection, shop, id)?;
    diesel::delete(comments).execute(connection)?;
    diesel::delete(ticket).execute(connection)?;
    Ok(DeleteTicketOutcome::Deleted)
}
