//! Creates tickets.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{
    AuditStamp, EventKind, HumanTicket, IdempotencyClaim, Snapshot, Ticket, TicketSnapshot,
};

use super::{has_customer, next_human_ticket_id};
use crate::sql::schema::tickets;
use crate::sql::tickets::TicketRow;
use crate::sqlite::events::append::EventLog;
use crate::sqlite::idempotency::attempt_claimed;
use crate::sqlite::search::index::NewDocuments;
use crate::sqlite::users::active::refused;

/// Creates the tickets of a batch.
pub(super) fn create(
    connection: &mut SqliteConnection,
    batch: Vec<TicketCreation>,
) -> anyhow::Result<Vec<CreateTicketOutcome>> {
    let (mut log, mut documents) = (EventLog::default(), NewDocuments::default());
    let outcomes = batch
        .into_iter()
        .map(|creation| create_one(connection, &mut log, &mut documents, creation))
        .collect::<anyhow::Result<_>>()?;
    documents.add(connection)?;
    Ok(outcomes)
}

/// Creates one ticket of a batch.
fn create_one(
    connection: &mut SqliteConnection,
    log: &mut EventLog,
    documents: &mut NewDocuments,
    creation: TicketCreation,
) -> anyhow::Result<CreateTicketOutcome> {
    let TicketCreation { ticket, stamp, idempotency } = creation;
    let Some(IdempotencyClaim { request, receipt }) = idempotency else {
        return insert(connection, log, documents, ticket, stamp);
    };
    let receipt = |outcome: &_| (*outcome == CreateTicketOutcome::Created).then_some(receipt);
    let attempted =
        attempt_claimed(connection, ticket.shop_id, &request, stamp.time, receipt, |connection| {
            insert(connection, log, documents, ticket, stamp)
        })?;
    Ok(attempted.into())
}

/// Inserts the ticket, with its human ticket if it is open. Every refusal comes before the first
/// write.
fn insert(
    connection: &mut SqliteConnection,
    log: &mut EventLog,
    documents: &mut NewDocuments,
    ticket: Ticket,
    stamp: AuditStamp,
) -> anyhow::Result<CreateTicketOutcome> {
    let shop = ticket.shop_id;
    if !has_customer(connection, shop, ticket.customer_id)? {
        return Ok(CreateTicketOutcome::CustomerNotFound);
    }
    let (not_found, deactivated) =
        (CreateTicketOutcome::AssigneeNotFound, CreateTicketOutcome::AssigneeDeactivated);
    if let Some(refusal) = refused(connection, shop, ticket.assigned_to, not_found, deactivated)? {
        return Ok(refusal);
    }
    let next_id = || next_human_ticket_id(connection, shop);
    let human_ticket = HumanTicket::transition(None, ticket.is_opened, stamp.time, next_id)?;
    let snapshot = TicketSnapshot { ticket, human_ticket };
    diesel::insert_into(tickets::table).values(TicketRow::from(snapshot.clone())).execute(connection)?;
    documents.push_ticket(&snapshot.ticket);
    let snapshot = Snapshot::Ticket(Box::new(snapshot));
    log.append(connection, shop, EventKind::TicketCreated, snapshot, stamp)?;
    Ok(CreateTicketOutcome::Created)
}
