//! Deletes one ticket, or all tickets of a customer.

use anyhow::Context;
use hexdesk_domain::ports::{DeleteTicketOutcome, Erased};
use hexdesk_domain::{AuditStamp, CommentId, CustomerId, NewEvent, ShopId, Ticket, TicketId};
use redb::WriteTransaction;

use super::{HumanTicketTables, TicketTables};
use crate::events::EventLog;
use crate::tables::{COMMENT_IDS, COMMENTS};

/// Deletes the ticket in this transaction, with its human ticket and comments.
pub(super) fn delete(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: TicketId,
    expected_version: Option<i64>,
    stamp: AuditStamp,
) -> anyhow::Result<DeleteTicketOutcome> {
    let mut tickets = TicketTables::open(transaction)?;
    let Some(ticket) = tickets.find(shop, id)? else { return Ok(DeleteTicketOutcome::TicketNotFound) };
    if expected_version.is_some_and(|version| version != ticket.version) {
        return Ok(DeleteTicketOutcome::VersionMismatch);
    }
    let mut events = Vec::new();
    remove(transaction, &mut tickets, &ticket, &mut events)?;
    EventLog::open(transaction)?.append(shop, stamp, events)?;
    Ok(DeleteTicketOutcome::Deleted)
}

/// Deletes all tickets of the customer in this transaction. Adds their events to `events`. Returns the
/// numbers of deleted tickets, human tickets and comments.
pub(crate) fn delete_all_of(
    transaction: &WriteTransaction,
    shop: ShopId,
    customer: CustomerId,
    events: &mut Vec<NewEvent>,
) -> anyhow::Result<Erased> {
    let mut tickets = TicketTables::open(transaction)?;
    let mut erased = Erased::default();
    for ticket in tickets.all_of(shop, customer)? {
        let (human_tickets, comments) = remove(transaction, &mut tickets, &ticket, events)?;
        erased.tickets += 1;
        erased.human_tickets += human_tickets;
        erased.comments += comments;
    }
    Ok(erased)
}

/// Deletes the ticket. Returns the numbers of its deleted human tickets and comments.
fn remove(
    transaction: &WriteTransaction,
    tickets: &mut TicketTables<'_>,
    ticket: &Ticket,
    events: &mut Vec<NewEvent>,
) -> anyhow::Result<(u64, u64)> {
    let (shop, id) = (ticket.shop_id.get(), ticket.id.get());
    let had_human_ticket = HumanTicketTables::open(transaction)?.remove(ticket)?;
    let mut comments = 0;
    let mut comment_ids = transaction.open_table(COMMENT_IDS)?;
    let all_of_ticket = (shop, id, i64::MIN, i64::MIN)..=(shop, id, i64::MAX, i64::MAX);
    for comment in transaction.open_table(COMMENTS)?.extract_from_if(all_of_ticket, |_, _| true)? {
        let (_, _, _, comment) = comment?.0.value();
        comment_ids.remove((shop, comment))?;
        let comment = CommentId::new(comment).context("a stored comment id is out of range")?;
        events.push(NewEvent::comment_deleted(comment));
        comments += 1;
    }
    tickets.remove(ticket)?;
    events.push(NewEvent::ticket_deleted(ticket.id));
    Ok((u64::from(had_human_ticket), comments))
}
