//! The human tickets of tickets.

use anyhow::Context;
use hexdesk_domain::{HumanTicket, HumanTicketId, ShopId, TicketId, Timestamp};
use redb::{ReadableTable, Table};
use serde::{Deserialize, Serialize};

use crate::encoding::{decode, encode, optional_timestamp, timestamp};
use crate::numbers::next_number;
use crate::tables::{Json, NumberInShop};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHumanTicket {
    opened_at: i64,
    closed_at: Option<i64>,
}

impl StoredHumanTicket {
    fn of(human_ticket: &HumanTicket) -> Self {
        Self {
            opened_at: human_ticket.opened_at.unix_millis(),
            closed_at: human_ticket.closed_at.map(Timestamp::unix_millis),
        }
    }

    fn into_human_ticket(self, id: HumanTicketId) -> anyhow::Result<HumanTicket> {
        Ok(HumanTicket {
            id,
            opened_at: timestamp(self.opened_at)?,
            closed_at: optional_timestamp(self.closed_at)?,
        })
    }
}

/// Opens the first human ticket of a ticket, with the shop's next number.
pub(super) fn open(
    human_tickets: &mut Table<'_, NumberInShop, Json>,
    by_ticket: &mut Table<'_, NumberInShop, i64>,
    shop: ShopId,
    ticket: TicketId,
    opened_at: Timestamp,
) -> anyhow::Result<HumanTicket> {
    let id =
        HumanTicketId::new(next_number(human_tickets, shop)?).context("no human ticket number is left")?;
    let human_ticket = HumanTicket::opened(id, opened_at);
    put(human_tickets, shop, &human_ticket)?;
    by_ticket.insert((shop.get(), ticket.get()), id.get())?;
    Ok(human_ticket)
}

/// Opens or closes the human ticket of a ticket at this time (TICKET-19). Opens a new one if
/// the ticket has none.
pub(super) fn set(
    human_tickets: &mut Table<'_, NumberInShop, Json>,
    by_ticket: &mut Table<'_, NumberInShop, i64>,
    shop: ShopId,
    ticket: TicketId,
    is_opened: bool,
    at: Timestamp,
) -> anyhow::Result<()> {
    let Some(mut human_ticket) = find_by_ticket(human_tickets, by_ticket, shop, ticket)? else {
        if is_opened {
            open(human_tickets, by_ticket, shop, ticket, at)?;
        }
        return Ok(());
    };
    if human_ticket.set_open(is_opened, at) {
        put(human_tickets, shop, &human_ticket)?;
    }
    Ok(())
}

/// Writes a human ticket. Replaces the one stored under its number.
fn put(
    human_tickets: &mut Table<'_, NumberInShop, Json>,
    shop: ShopId,
    human_ticket: &HumanTicket,
) -> anyhow::Result<()> {
    let stored = encode(&StoredHumanTicket::of(human_ticket))?;
    human_tickets.insert((shop.get(), human_ticket.id.get()), stored.as_slice())?;
    Ok(())
}

/// Returns the human ticket of the shop's ticket.
pub(crate) fn find_by_ticket(
    human_tickets: &impl ReadableTable<NumberInShop, Json>,
    by_ticket: &impl ReadableTable<NumberInShop, i64>,
    shop: ShopId,
    ticket: TicketId,
) -> anyhow::Result<Option<HumanTicket>> {
    let Some(number) = by_ticket.get((shop.get(), ticket.get()))? else { return Ok(None) };
    let id = HumanTicketId::new(number.value()).context("a stored human ticket number is out of range")?;
    let stored = human_tickets.get((shop.get(), id.get()))?.context("an indexed human ticket is missing")?;
    Ok(Some(decode::<StoredHumanTicket>(stored.value())?.into_human_ticket(id)?))
}
