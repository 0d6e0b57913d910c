//! Creates the tickets of a batch, one after another, in one transaction.

use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{AuditStamp, NewEvent, Ticket, TicketSnapshot};
use redb::{ReadableTable, Table, TableError, WriteTransaction};

use super::{HumanTicketTables, TicketTables};
use crate::events::EventLog;
use crate::tables::{CUSTOMERS, IDEMPOTENCY_RECORDS, Json, NumberInShop, Record, RecordKey, USERS};
use crate::{idempotency, users};

/// The tables that a batch reads and writes. redb opens each table only once per write
/// transaction, so they are opened for the whole batch.
pub(super) struct Batch<'transaction> {
    records: Table<'transaction, RecordKey, Record>,
    creation: Creation<'transaction>,
}

impl<'transaction> Batch<'transaction> {
    pub(super) fn open(transaction: &'transaction WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            records: transaction.open_table(IDEMPOTENCY_RECORDS)?,
            creation: Creation {
                customers: transaction.open_table(CUSTOMERS)?,
                users: transaction.open_table(USERS)?,
                tickets: TicketTables::open(transaction)?,
                human_tickets: HumanTicketTables::open(transaction)?,
                log: EventLog::open(transaction)?,
            },
        })
    }

    /// Creates one ticket. It sees the writes of earlier items. A recorded key is replayed
    /// before customer and assignee are checked (IDEMPOTENCY-6).
    pub(super) fn create(&mut self, item: TicketCreation) -> anyhow::Result<CreateTicketOutcome> {
        let TicketCreation { ticket, stamp, idempotency } = item;
        let claim = idempotency.map(|claim| claim.into_deferred(stamp.time));
        let creation = &mut self.creation;
        let shop = ticket.shop_id;
        Ok(idempotency::run(&mut self.records, shop, claim, || creation.run(ticket, stamp))?.into())
    }
}

struct Creation<'transaction> {
    customers: Table<'transaction, NumberInShop, Json>,
    users: Table<'transaction, NumberInShop, Json>,
    tickets: TicketTables<'transaction>,
    human_tickets: HumanTicketTables<'transaction>,
    log: EventLog<'transaction>,
}

impl Creation<'_> {
    /// All checks come before all writes, so that a refused ticket writes nothing.
    fn run(&mut self, ticket: Ticket, stamp: AuditStamp) -> anyhow::Result<CreateTicketOutcome> {
        let (shop, id) = (ticket.shop_id, ticket.id);
        if self.customers.get((shop.get(), ticket.customer_id.get()))?.is_none() {
            return Ok(CreateTicketOutcome::CustomerNotFound);
        }
        let (not_found, deactivated) =
            (CreateTicketOutcome::AssigneeNotFound, CreateTicketOutcome::AssigneeDeactivated);
        let refused = users::refused(&self.users, shop, ticket.assigned_to, not_found, deactivated)?;
        if let Some(refusal) = refused {
            return Ok(refusal);
        }
        // This is an error, not an outcome, so that nothing of the batch is written (TICKET-10).
        self.tickets.require_free(shop, id)?;

        let human_ticket = self.human_tickets.set(&ticket, ticket.is_opened, stamp.time)?;
        self.tickets.add(&ticket)?;
        self.log.append(shop, stamp, [NewEvent::ticket_created(TicketSnapshot { ticket, human_ticket })])?;
        Ok(CreateTicketOutcome::Created)
    }
}
