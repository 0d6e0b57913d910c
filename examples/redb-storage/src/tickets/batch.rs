//! Creating the tickets of a batch, one by one, in one transaction.

use anyhow::ensure;
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use redb::{ReadableTable, Table, TableError, WriteTransaction};

use super::stored::StoredTicket;
use super::{human_tickets, idempotency};
use crate::encoding::encode;
use crate::tables::{
    CUSTOMERS, HUMAN_TICKET_BY_TICKET, HUMAN_TICKETS, IDEMPOTENCY_RECORDS, Json, NumberInShop, Record,
    RecordKey, TICKETS, USERS,
};

/// The tables that a ticket's creation reads and writes. redb opens a table once in a
/// write transaction, so they are opened for the whole batch.
pub(super) struct BatchTables<'transaction> {
    customers: Table<'transaction, NumberInShop, Json>,
    users: Table<'transaction, NumberInShop, Json>,
    tickets: Table<'transaction, NumberInShop, Json>,
    human_tickets: Table<'transaction, NumberInShop, Json>,
    human_ticket_by_ticket: Table<'transaction, NumberInShop, i64>,
    idempotency_records: Table<'transaction, RecordKey, Record>,
}

impl<'transaction> BatchTables<'transaction> {
    pub(super) fn open(transaction: &'transaction WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            customers: transaction.open_table(CUSTOMERS)?,
            users: transaction.open_table(USERS)?,
            tickets: transaction.open_table(TICKETS)?,
            human_tickets: transaction.open_table(HUMAN_TICKETS)?,
            human_ticket_by_ticket: transaction.open_table(HUMAN_TICKET_BY_TICKET)?,
            idempotency_records: transaction.open_table(IDEMPOTENCY_RECORDS)?,
        })
    }

    /// Creates one ticket. First come all the checks and then all the writes, so that a
    /// refused item has written nothing. What earlier items wrote is seen.
    pub(super) fn create(&mut self, creation: TicketCreation) -> anyhow::Result<CreateTicketOutcome> {
        let TicketCreation { ticket, created_at, idempotency } = creation;
        let (shop, id) = (ticket.shop_id, ticket.id);

        // Before customer and assignee (IDEMPOTENCY-6).
        if let Some(claim) = &idempotency
            && let Some(answer) = idempotency::answer(&self.idempotency_records, shop, &claim.request)?
        {
            return Ok(answer);
        }
        if self.customers.get((shop.get(), ticket.customer_id.get()))?.is_none() {
            return Ok(CreateTicketOutcome::CustomerNotFound);
        }
        if let Some(user) = ticket.assigned_to
            && self.users.get((shop.get(), user.get()))?.is_none()
        {
            return Ok(CreateTicketOutcome::AssigneeNotFound);
        }
        // An error and no outcome: the whole batch is to stay unwritten (TICKET-10).
        let is_taken = self.tickets.get((shop.get(), id.get()))?.is_some();
        ensure!(!is_taken, "the shop {shop} has a ticket {id} already");

        if ticket.is_opened {
            human_tickets::open(
                &mut self.human_tickets,
                &mut self.human_ticket_by_ticket,
                shop,
                id,
                created_at,
            )?;
        }
        if let Some(claim) = &idempotency {
            idempotency::record(&mut self.idempotency_records, shop, claim, created_at)?;
        }
        self.tickets.insert((shop.get(), id.get()), encode(&StoredTicket::of(ticket))?.as_slice())?;
        Ok(CreateTicketOutcome::Created)
    }
}
