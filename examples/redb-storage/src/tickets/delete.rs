//! Deleting a ticket.

use hexdesk_domain::ports::DeleteTicketOutcome;
use hexdesk_domain::{ShopId, TicketId};
use redb::WriteTransaction;

use super::TicketTables;
use crate::tables::{COMMENTS, HUMAN_TICKET_BY_TICKET, HUMAN_TICKETS};

/// Takes the ticket away in this transaction, with all that hangs on it.
pub(super) fn delete(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: TicketId,
    expected_version: Option<i64>,
) -> anyhow::Result<DeleteTicketOutcome> {
    let mut tickets = TicketTables::open(transaction)?;
    let Some(ticket) = tickets.find(shop, id)? else { return Ok(DeleteTicketOutcome::TicketNotFound) };
    if expected_version.is_some_and(|version| version != ticket.version) {
        return Ok(DeleteTicketOutcome::VersionMismatch);
    }

    let mut by_ticket = transaction.open_table(HUMAN_TICKET_BY_TICKET)?;
    let number = by_ticket.remove((shop.get(), id.get()))?.map(|number| number.value());
    if let Some(number) = number {
        transaction.open_table(HUMAN_TICKETS)?.remove((shop.get(), number))?;
    }
    let all_of_ticket =
        (shop.get(), id.get(), i64::MIN, i64::MIN)..=(shop.get(), id.get(), i64::MAX, i64::MAX);
    transaction.open_table(COMMENTS)?.retain_in(all_of_ticket, |_, _| false)?;
    tickets.remove(&ticket)?;
    Ok(DeleteTicketOutcome::Deleted)
}
