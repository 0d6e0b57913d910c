//! Changes a ticket.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{EventKind, ShopId, Snapshot, TicketId, TicketSnapshot, UserId};

use crate::postgres::counters::{Numbered, next_number};
use crate::postgres::errors::Failure;
use crate::postgres::events::append::append_one;
use crate::postgres::search::vectors::{Words, WordsOf};
use crate::postgres::tickets::find_view;
use crate::postgres::tickets::locks::lock_tickets;
use crate::sql::schema::{tickets, users};
use crate::sql::tickets::{HumanTicketChangeset, TicketChangeset};

/// Changes the shop's ticket. Must run in a transaction.
pub(super) async fn update(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: TicketId,
    update: TicketUpdate,
) -> Result<UpdateTicketOutcome, Failure> {
    let TicketUpdate { changes, expected_version, stamp } = update;
    // Waits for a concurrent change of the ticket, and sees its result.
    let Some((row, _)) = lock_tickets(connection, &BTreeSet::from([(shop, id)])).await?.pop() else {
        return Ok(UpdateTicketOutcome::TicketNotFound);
    };
    let TicketSnapshot { ticket: before, human_ticket } = row.try_into()?;
    if expected_version.is_some_and(|expected| expected != before.version) {
        return Ok(UpdateTicketOutcome::VersionMismatch);
    }
    if let Some(assignee) = changes.new_assignee(&before) {
        match lock_user(connection, shop, assignee).await? {
            None => return Ok(UpdateTicketOutcome::AssigneeNotFound),
            Some(is_active) if !is_active => return Ok(UpdateTicketOutcome::AssigneeDeactivated),
            Some(_) => {}
        }
    }
    let is_changed = changes.is_change_of(&before);
    if is_changed {
        let has_human_ticket = human_ticket.is_some();
        let human_ticket = HumanTicketChangeset::new(before.is_opened, changes.is_opened, stamp.time);
        // Only a new human ticket takes a number.
        let number = match changes.is_opened {
            Some(true) if !has_human_ticket => {
                let number = next_number(connection, shop, Numbered::HumanTickets).await?;
                Some(tickets::human_ticket_id.eq(number))
            }
            _ => None,
        };
        let mut after = before.clone();
        changes.clone().apply(&mut after);
        let words = Words::of_changed_ticket(&before, &after);
        let words = words.map(|words| WordsOf(tickets::table).eq(words));
        diesel::update(tickets::table.find((shop.get(), id.get())))
            .set((
                TicketChangeset::from(changes),
                tickets::version.eq(tickets::version + 1),
                human_ticket,
                number,
                words,
            ))
            .execute(connection)
            .await?;
    }
    let view = find_view(connection, shop, id).await?;
    let view = view.ok_or(Failure::Unexpected("a locked ticket cannot be read"))?;
    if is_changed {
        let (ticket, human_ticket) = (view.ticket.clone(), view.human_ticket.clone());
        let snapshot = Snapshot::Ticket(Box::new(TicketSnapshot { ticket, human_ticket }));
        append_one(connection, shop, EventKind::TicketUpdated, snapshot, stamp).await?;
    }
    Ok(UpdateTicketOutcome::Updated(Box::new(view)))
}

/// Returns whether the user is active, or `None` if the shop has no such user. Locks the user against a
/// deactivation until the transaction ends.
async fn lock_user(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    user: UserId,
) -> QueryResult<Option<bool>> {
    users::table
        .find((shop.get(), user.get()))
        .select(users::deactivated_at.is_null())
        .for_share()
        .get_result(connection)
        .await
        .optional()
}
