//! The human tickets of tickets.

use anyhow::Context;
use hexdesk_domain::{HumanTicket, HumanTicketId, ShopId, Ticket, TicketId, Timestamp};
use redb::{ReadableTable, Table};

use crate::encoding::{find, put};
use crate::numbers::next_number;
use crate::tables::{Json, NumberInShop};

/// Opens or closes the human ticket of a ticket at this time, and returns it. An open ticket that has
/// none gets one, with the shop's next number (TICKET-7, TICKET-19).
pub(crate) fn set(
    human_tickets: &mut Table<'_, NumberInShop, Json>,
    by_ticket: &mut Table<'_, NumberInShop, i64>,
    ticket: &Ticket,
    is_open: bool,
    at: Timestamp,
) -> anyhow::Result<Option<HumanTicket>> {
    let (shop, id) = (ticket.shop_id, ticket.id);
    let before = find_by_ticket(human_tickets, by_ticket, shop, id)?;
    let next_id =
        || HumanTicketId::new(next_number(human_tickets, shop)?).context("no human ticket number is left");
    let after = HumanTicket::transition(before.clone(), is_open, at, next_id)?;
    if let Some(human_ticket) = &after
        && after != before
    {
        put(human_tickets, shop, human_ticket.id.get(), human_ticket)?;
        by_ticket.insert((shop.get(), id.get()), human_ticket.id.get())?;
    }
    Ok(after)
}

/// Returns the human ticket of the shop's ticket.
pub(crate) fn find_by_ticket(
    human_tickets: &impl ReadableTable<NumberInShop, Json>,
    by_ticket: &impl ReadableTable<NumberInShop, i64>,
    shop: ShopId,
    ticket: TicketId,
) -> anyhow::Result<Option<HumanTicket>> {
    let Some(number) = by_ticket.get((shop.get(), ticket.get()))? else { return Ok(None) };
    Ok(Some(find(human_tickets, shop, number.value())?.context("an indexed human ticket is missing")?))
}
