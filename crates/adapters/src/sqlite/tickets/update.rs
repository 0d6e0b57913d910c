//! Changes a ticket.

use anyhow::Context;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{EventKind, ShopId, Snapshot, TicketId, TicketSnapshot, TicketView};

use crate::sql::schema::tickets;
use crate::sql::tickets::{HumanTicketChangeset, TicketChangeset, TicketRow, keep_first_message};
use crate::sqlite::events::append::EventLog;
use crate::sqlite::events::move_history::move_history;
use crate::sqlite::presence::has_present_customer;
use crate::sqlite::search::index;
use crate::sqlite::tickets::{find_view, has_customer, next_human_ticket_id};
use crate::sqlite::users::active::refused;

/// Changes a ticket of the shop. Every refusal comes before the first write.
pub(super) fn update(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: TicketId,
    update: TicketUpdate,
) -> anyhow::Result<UpdateTicketOutcome> {
    let TicketUpdate { changes, expected_version, stamp } = update;
    let ticket = tickets::table.find((shop.get(), id.get()));
    let found = ticket.filter(has_present_customer()).select(TicketRow::as_select());
    let Some(found) = found.get_result(connection).optional()? else {
        return Ok(UpdateTicketOutcome::TicketNotFound);
    };
    let TicketSnapshot { ticket: before, human_ticket } = found.try_into()?;
    if expected_version.is_some_and(|expected| expected != before.version) {
        return Ok(UpdateTicketOutcome::VersionMismatch);
    }
    let new_customer = changes.new_customer(&before);
    if let Some(customer) = new_customer
        && !has_customer(connection, shop, customer)?
    {
        return Ok(UpdateTicketOutcome::CustomerNotFound);
    }
    let (not_found, deactivated) =
        (UpdateTicketOutcome::AssigneeNotFound, UpdateTicketOutcome::AssigneeDeactivated);
    let assignee = changes.new_assignee(&before);
    if let Some(refusal) = refused(connection, shop, assignee, not_found, deactivated)? {
        return Ok(refusal);
    }
    let is_change = changes.is_change_of(&before);
    if is_change {
        let has_human_ticket = human_ticket.is_some();
        let human_ticket = HumanTicketChangeset::new(before.is_opened, changes.is_opened, stamp.time);
        let number = match changes.is_opened {
            Some(true) if !has_human_ticket => Some(next_human_ticket_id(connection, shop)?),
            _ => None,
        };
        let number = number.map(|id| tickets::human_ticket_id.eq(id.get()));
        if let Some(customer) = new_customer {
            move_history(connection, &before, customer)?;
        }
        let mut after = before.clone();
        changes.clone().apply(&mut after);
        index::replace_ticket(connection, &before, &after)?;
        let is_new_time = after.last_message_time != before.last_message_time;
        let first_message = is_new_time.then(keep_first_message);
        diesel::update(ticket)
            .set((
                TicketChangeset::from(changes),
                tickets::version.eq(tickets::version + 1),
                human_ticket,
                number,
                first_message,
            ))
            .execute(connection)?;
    }
    let view = find_view(connection, shop, id)?.context("a ticket cannot be read after its update")?;
    if is_change {
        let TicketView { ticket, human_ticket, .. } = view.clone();
        let snapshot = Snapshot::Ticket(Box::new(TicketSnapshot { ticket, human_ticket }));
        EventLog::default().append(connection, shop, EventKind::TicketUpdated, snapshot, stamp)?;
    }
    Ok(UpdateTicketOutcome::Updated(Box::new(view)))
}
