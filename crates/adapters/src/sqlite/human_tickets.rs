//! The human tickets of tickets, one each at most.

use anyhow::Context;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{HumanTicket, HumanTicketId, ShopId, TicketId, Timestamp};

use super::counters::{Counted, next_number};
use crate::queries;
use crate::schema::human_tickets;
use crate::sql_types::StoredTimestamp;

/// Gives a ticket that has none a human ticket, under the shop's next number.
pub(super) fn create(
    connection: &mut SqliteConnection,
    shop: ShopId,
    ticket: TicketId,
    opened_at: Timestamp,
) -> anyhow::Result<HumanTicket> {
    let number = next_number(connection, shop, Counted::HumanTickets)?;
    let id = HumanTicketId::new(number).context("the shop has no human ticket numbers left")?;
    diesel::insert_into(human_tickets::table)
        .values((
            human_tickets::shop_id.eq(shop.get()),
            human_tickets::id.eq(number),
            human_tickets::ticket_id.eq(ticket.get()),
            human_tickets::opened_at.eq(StoredTimestamp(opened_at)),
        ))
        .execute(connection)?;
    Ok(HumanTicket { id, opened_at, closed_at: None })
}

/// Sees to it that the ticket has an open human ticket.
pub(super) fn open(
    connection: &mut SqliteConnection,
    shop: ShopId,
    ticket: TicketId,
    opened_at: Timestamp,
) -> anyhow::Result<()> {
    let human_ticket = queries::human_ticket(shop.get(), ticket.get());
    let is_open: Option<bool> =
        human_ticket.select(human_tickets::closed_at.is_null()).get_result(connection).optional()?;
    match is_open {
        Some(true) => {}
        Some(false) => {
            diesel::update(human_ticket)
                .set((
                    human_tickets::opened_at.eq(StoredTimestamp(opened_at)),
                    human_tickets::closed_at.eq(None::<StoredTimestamp>),
                ))
                .execute(connection)?;
        }
        None => {
            create(connection, shop, ticket, opened_at)?;
        }
    }
    Ok(())
}

/// Sees to it that the ticket has no open human ticket.
pub(super) fn close(
    connection: &mut SqliteConnection,
    shop: ShopId,
    ticket: TicketId,
    closed_at: Timestamp,
) -> QueryResult<()> {
    diesel::update(
        queries::human_ticket(shop.get(), ticket.get()).filter(human_tickets::closed_at.is_null()),
    )
    .set(human_tickets::closed_at.eq(StoredTimestamp(closed_at)))
    .execute(connection)?;
    Ok(())
}
