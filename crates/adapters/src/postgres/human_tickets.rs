//! The human tickets of tickets, one each at most. Whoever changes one keeps its ticket
//! locked: nobody comes between a look and a write.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{ShopId, TicketId, Timestamp};

use crate::queries;
use crate::schema::human_tickets;
use crate::sql_types::StoredTimestamp;

/// Sees to it that the ticket has an open human ticket. Only one that it did not have
/// takes a number, which an `INSERT … ON CONFLICT` would do in any case.
pub(super) async fn open(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    ticket: TicketId,
    opened_at: Timestamp,
) -> QueryResult<()> {
    let opened_at = human_tickets::opened_at.eq(StoredTimestamp(opened_at));
    let human_ticket = queries::human_ticket(shop.get(), ticket.get());
    let is_open: Option<bool> =
        human_ticket.select(human_tickets::closed_at.is_null()).get_result(connection).await.optional()?;
    match is_open {
        Some(true) => {}
        Some(false) => {
            diesel::update(human_ticket)
                .set((opened_at, human_tickets::closed_at.eq(None::<StoredTimestamp>)))
                .execute(connection)
                .await?;
        }
        None => {
            diesel::insert_into(human_tickets::table)
                .values((
                    human_tickets::shop_id.eq(shop.get()),
                    human_tickets::ticket_id.eq(ticket.get()),
                    opened_at,
                ))
                .execute(connection)
                .await?;
        }
    }
    Ok(())
}

/// Sees to it that the ticket has no open human ticket.
pub(super) async fn close(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    ticket: TicketId,
    closed_at: Timestamp,
) -> QueryResult<()> {
    diesel::update(
        queries::human_ticket(shop.get(), ticket.get()).filter(human_tickets::closed_at.is_null()),
    )
    .set(human_tickets::closed_at.eq(StoredTimestamp(closed_at)))
    .execute(connection)
    .await?;
    Ok(())
}
