//! Reads single tickets and lists of tickets.

use anyhow::Context;
use hexdesk_domain::{ShopId, Ticket, TicketFilter, TicketId, TicketPosition, TicketView};
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableError};

use super::{activity, human_tickets};
use crate::encoding::find;
use crate::tables::{
    Activity, CUSTOMERS, HUMAN_TICKET_BY_TICKET, HUMAN_TICKETS, Json, NumberInShop, TICKETS,
    TICKETS_BY_ACTIVITY, USERS,
};

/// The tables of tickets and of the people they name.
pub(crate) struct TicketViews {
    customers: ReadOnlyTable<NumberInShop, Json>,
    users: ReadOnlyTable<NumberInShop, Json>,
    tickets: ReadOnlyTable<NumberInShop, Json>,
    by_activity: ReadOnlyTable<Activity, ()>,
    human_tickets: ReadOnlyTable<NumberInShop, Json>,
    human_ticket_by_ticket: ReadOnlyTable<NumberInShop, i64>,
}

impl TicketViews {
    pub(crate) fn open(transaction: &ReadTransaction) -> Result<Self, TableError> {
        Ok(Self {
            customers: transaction.open_table(CUSTOMERS)?,
            users: transaction.open_table(USERS)?,
            tickets: transaction.open_table(TICKETS)?,
            by_activity: transaction.open_table(TICKETS_BY_ACTIVITY)?,
            human_tickets: transaction.open_table(HUMAN_TICKETS)?,
            human_ticket_by_ticket: transaction.open_table(HUMAN_TICKET_BY_TICKET)?,
        })
    }

    pub(super) fn find(&self, shop: ShopId, id: TicketId) -> anyhow::Result<Option<TicketView>> {
        find(&self.tickets, shop, id.get())?.map(|ticket| self.view(ticket)).transpose()
    }

    /// Returns the shop's tickets that match the filter, after this position, in list order. A
    /// ticket is read only when the iterator reaches it.
    pub(crate) fn matching<'a>(
        &'a self,
        shop: ShopId,
        filter: &'a TicketFilter,
        after: Option<TicketPosition>,
    ) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Ticket>> + 'a> {
        let walk = self.by_activity.range(activity::range(shop, filter, after))?;
        let tickets = walk.map(move |entry| {
            let id = activity::ticket_id(entry?.0.value())?;
            find(&self.tickets, shop, id.get())?.context("an indexed ticket is missing")
        });
        Ok(tickets.filter(|ticket| ticket.as_ref().map_or(true, |ticket| filter.matches(ticket))))
    }

    /// Returns the ticket with the people it names.
    pub(super) fn view(&self, ticket: Ticket) -> anyhow::Result<TicketView> {
        view(&self.customers, &self.users, &self.human_tickets, &self.human_ticket_by_ticket, ticket)
    }
}

/// Returns the ticket with the people it names, from tables of one transaction.
pub(super) fn view(
    customers: &impl ReadableTable<NumberInShop, Json>,
    users: &impl ReadableTable<NumberInShop, Json>,
    human_tickets: &impl ReadableTable<NumberInShop, Json>,
    human_ticket_by_ticket: &impl ReadableTable<NumberInShop, i64>,
    ticket: Ticket,
) -> anyhow::Result<TicketView> {
    let shop = ticket.shop_id;
    let customer =
        find(customers, shop, ticket.customer_id.get())?.context("a ticket's customer is missing")?;
    let assignee = match ticket.assigned_to {
        Some(user) => Some(find(users, shop, user.get())?.context("a ticket's assignee is missing")?),
        None => None,
    };
    let human_ticket = human_tickets::find_by_ticket(human_tickets, human_ticket_by_ticket, shop, ticket.id)?;
    Ok(TicketView { ticket, customer, assignee, human_ticket })
}
