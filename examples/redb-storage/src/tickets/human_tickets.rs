//! The human tickets of tickets.

use anyhow::{Context, ensure};
use hexdesk_domain::{HumanTicket, HumanTicketId, ShopId, Ticket, TicketId, Timestamp};
use redb::{ReadableTable, Table, TableError, WriteTransaction};

use crate::encoding::{decode, find, put};
use crate::numbers::{next_number, noted};
use crate::tables::{
    Closing, HUMAN_TICKET_BY_TICKET, HUMAN_TICKETS, HUMAN_TICKETS_BY_CLOSING, Json, NumberInShop,
    USED_HUMAN_TICKET_NUMBERS,
};

/// The human tickets and their indexes. Only this type writes them, so every write updates the indexes.
pub(crate) struct HumanTicketTables<'transaction> {
    pub(crate) human_tickets: Table<'transaction, NumberInShop, Json>,
    pub(crate) by_ticket: Table<'transaction, NumberInShop, i64>,
    by_closing: Table<'transaction, Closing, ()>,
    used_numbers: Table<'transaction, i64, i64>,
}

impl<'transaction> HumanTicketTables<'transaction> {
    pub(crate) fn open(transaction: &'transaction WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            human_tickets: transaction.open_table(HUMAN_TICKETS)?,
            by_ticket: transaction.open_table(HUMAN_TICKET_BY_TICKET)?,
            by_closing: transaction.open_table(HUMAN_TICKETS_BY_CLOSING)?,
            used_numbers: transaction.open_table(USED_HUMAN_TICKET_NUMBERS)?,
        })
    }

    /// Opens or closes the human ticket of a ticket at this time, and returns it. An open ticket that has
    /// none gets one, with the shop's next number (TICKET-7, TICKET-19).
    pub(crate) fn set(
        &mut self,
        ticket: &Ticket,
        is_open: bool,
        at: Timestamp,
    ) -> anyhow::Result<Option<HumanTicket>> {
        let (shop, id) = (ticket.shop_id, ticket.id);
        let before = find_by_ticket(&self.human_tickets, &self.by_ticket, shop, id)?;
        let next_id = || {
            let noted = noted(&self.used_numbers, shop)?;
            HumanTicketId::new(next_number(&self.human_tickets, shop, noted)?)
                .context("no human ticket number is left")
        };
        let after = HumanTicket::transition(before.clone(), is_open, at, next_id)?;
        if let Some(human_ticket) = &after
            && after != before
        {
            if let Some(closing) = before.as_ref().and_then(|before| closing_of(shop, before)) {
                self.by_closing.remove(closing)?;
            }
            self.put(shop, id, human_ticket)?;
        }
        Ok(after)
    }

    fn put(&mut self, shop: ShopId, ticket: TicketId, human_ticket: &HumanTicket) -> anyhow::Result<()> {
        if let Some(closing) = closing_of(shop, human_ticket) {
            self.by_closing.insert(closing, ())?;
        }
        put(&mut self.human_tickets, shop, human_ticket.id.get(), human_ticket)?;
        self.by_ticket.insert((shop.get(), ticket.get()), human_ticket.id.get())?;
        Ok(())
    }

    /// Adds the human ticket of another store. Its number must be free.
    pub(crate) fn add(
        &mut self,
        shop: ShopId,
        ticket: TicketId,
        human_ticket: &HumanTicket,
    ) -> anyhow::Result<()> {
        let id = human_ticket.id.get();
        let is_taken = self.human_tickets.get((shop.get(), id))?.is_some();
        ensure!(!is_taken, "the shop {shop} has a human ticket {id} already");
        self.put(shop, ticket, human_ticket)
    }

    /// Removes the human ticket of a ticket, and returns whether there was one.
    pub(super) fn remove(&mut self, ticket: &Ticket) -> anyhow::Result<bool> {
        let shop = ticket.shop_id.get();
        let Some(number) = self.by_ticket.remove((shop, ticket.id.get()))? else { return Ok(false) };
        if let Some(stored) = self.human_tickets.remove((shop, number.value()))?
            && let Some(closing) = closing_of(ticket.shop_id, &decode(stored.value())?)
        {
            self.by_closing.remove(closing)?;
        }
        Ok(true)
    }
}

/// The index key of a closed human ticket.
fn closing_of(shop: ShopId, human_ticket: &HumanTicket) -> Option<(i64, i64, i64)> {
    Some((shop.get(), human_ticket.closed_at?.unix_millis(), human_ticket.id.get()))
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
