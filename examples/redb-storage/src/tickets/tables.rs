//! Writes tickets together with their indexes.

use anyhow::ensure;
use hexdesk_domain::{CustomerId, ShopId, Ticket, TicketId};
use redb::{ReadableTable, Table, TableError, WriteTransaction};

use super::activity;
use crate::encoding::{decode, find, put};
use crate::tables::{Activity, Json, NumberInShop, TICKETS, TICKETS_BY_ACTIVITY, all_of};

/// The tickets and their index. Only this type writes them, so every write updates the index.
pub(crate) struct TicketTables<'transaction> {
    tickets: Table<'transaction, NumberInShop, Json>,
    by_activity: Table<'transaction, Activity, ()>,
}

impl<'transaction> TicketTables<'transaction> {
    pub(crate) fn open(transaction: &'transaction WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            tickets: transaction.open_table(TICKETS)?,
            by_activity: transaction.open_table(TICKETS_BY_ACTIVITY)?,
        })
    }

    /// Returns the shop's ticket with this id.
    pub(crate) fn find(&self, shop: ShopId, id: TicketId) -> anyhow::Result<Option<Ticket>> {
        find(&self.tickets, shop, id.get())
    }

    /// Returns the customer's tickets. Reads every ticket of the shop.
    pub(super) fn all_of(&self, shop: ShopId, customer: CustomerId) -> anyhow::Result<Vec<Ticket>> {
        let tickets = self.tickets.range(all_of(shop))?.map(|entry| decode(entry?.1.value()));
        tickets
            .filter(|ticket: &anyhow::Result<Ticket>| {
                ticket.as_ref().map_or(true, |ticket| ticket.customer_id == customer)
            })
            .collect()
    }

    /// Fails if the shop has a ticket with this id.
    pub(crate) fn require_free(&self, shop: ShopId, id: TicketId) -> anyhow::Result<()> {
        let is_taken = self.tickets.get((shop.get(), id.get()))?.is_some();
        ensure!(!is_taken, "the shop {shop} has a ticket {id} already");
        Ok(())
    }

    /// Adds a ticket. Its id must be free.
    pub(crate) fn add(&mut self, ticket: &Ticket) -> anyhow::Result<()> {
        self.by_activity.insert(activity::key_of(ticket), ())?;
        self.put(ticket)
    }

    /// Replaces a ticket.
    pub(crate) fn replace(&mut self, before: &Ticket, after: &Ticket) -> anyhow::Result<()> {
        let (old_place, new_place) = (activity::key_of(before), activity::key_of(after));
        if old_place != new_place {
            self.by_activity.remove(old_place)?;
            self.by_activity.insert(new_place, ())?;
        }
        self.put(after)
    }

    /// Removes a ticket.
    pub(super) fn remove(&mut self, ticket: &Ticket) -> anyhow::Result<()> {
        self.by_activity.remove(activity::key_of(ticket))?;
        self.tickets.remove((ticket.shop_id.get(), ticket.id.get()))?;
        Ok(())
    }

    fn put(&mut self, ticket: &Ticket) -> anyhow::Result<()> {
        put(&mut self.tickets, ticket.shop_id, ticket.id.get(), ticket)
    }
}
