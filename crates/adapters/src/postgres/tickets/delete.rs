//! Deletes a ticket with its comments.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::DeleteTicketOutcome;
use hexdesk_domain::{AuditStamp, ShopId, TicketId};

use crate::postgres::deletions::delete_tickets;
use crate::postgres::errors::Failure;
use crate::postgres::events::append::append;
use crate::sql::schema::tickets;

/// Deletes a ticket of the shop, after all rows that refer to it. Must run in a transaction.
pub(super) async fn delete(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: TicketId,
    expected_version: Option<i64>,
    stamp: AuditStamp,
) -> Result<DeleteTicketOutcome, Failure> {
    let ticket = tickets::table.find((shop.get(), id.get()));
    // Locks the ticket against changes and new comments.
    let version: Option<i64> =
        ticket.select(tickets::version).for_update().get_result(connection).await.optional()?;
    let Some(version) = version else { return Ok(DeleteTicketOutcome::TicketNotFound) };
    if expected_version.is_some_and(|expected| expected != version) {
        return Ok(DeleteTicketOutcome::VersionMismatch);
    }
    let deleted = delete_tickets(connection, shop, &[id.get()]).await?;
    append(connection, deleted.events(shop, stamp)).await?;
    Ok(DeleteTicketOutcome::Deleted)
}
