//! Updates a ticket.

use hexdesk_domain::ports::{TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{NewEvent, ShopId, Subject, TicketId};
use redb::{ReadableTable, WriteTransaction};

use super::{HumanTicketTables, TicketTables, views};
use crate::events::EventLog;
use crate::tables::{CUSTOMERS, USERS};
use crate::{comments, users};

/// Makes the changes in this transaction. All checks come before all writes, so that a
/// refused update writes nothing.
pub(super) fn update(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: TicketId,
    update: TicketUpdate,
) -> anyhow::Result<UpdateTicketOutcome> {
    let TicketUpdate { changes, expected_version, stamp } = update;
    let mut tickets = TicketTables::open(transaction)?;
    let users = transaction.open_table(USERS)?;
    let mut human_tickets = HumanTicketTables::open(transaction)?;

    let Some(before) = tickets.find(shop, id)? else { return Ok(UpdateTicketOutcome::TicketNotFound) };
    if expected_version.is_some_and(|version| version != before.version) {
        return Ok(UpdateTicketOutcome::VersionMismatch);
    }
    let customers = transaction.open_table(CUSTOMERS)?;
    let new_customer = changes.new_customer(&before);
    if let Some(customer) = new_customer
        && customers.get((shop.get(), customer.get()))?.is_none()
    {
        return Ok(UpdateTicketOutcome::CustomerNotFound);
    }
    let (not_found, deactivated) =
        (UpdateTicketOutcome::AssigneeNotFound, UpdateTicketOutcome::AssigneeDeactivated);
    let refused = users::refused(&users, shop, changes.new_assignee(&before), not_found, deactivated)?;
    if let Some(refusal) = refused {
        return Ok(refusal);
    }

    let mut ticket = before.clone();
    changes.apply(&mut ticket);
    // An empty update does not raise the version (TICKET-18) and has no event (EVENT-8).
    let is_change = ticket != before;
    if is_change {
        human_tickets.set(&before, ticket.is_opened, stamp.time)?;
        tickets.replace(&before, &ticket)?;
    }
    let view =
        views::view(&customers, &users, &human_tickets.human_tickets, &human_tickets.by_ticket, ticket)?;
    if is_change {
        let mut log = EventLog::open(transaction)?;
        if let Some(customer) = new_customer {
            let mut moved = comments::move_to(transaction, shop, id, customer)?;
            moved.insert(Subject::Ticket(id));
            log.move_snapshots(shop, &moved, customer)?;
        }
        log.append(shop, stamp, [NewEvent::ticket_updated((&view).into())])?;
    }
    Ok(UpdateTicketOutcome::Updated(Box::new(view)))
}
