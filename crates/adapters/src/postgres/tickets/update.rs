//! Changes a ticket.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{CustomerId, EventKind, ShopId, Snapshot, Ticket, TicketId, TicketSnapshot, UserId};

use crate::postgres::counters::{Numbered, next_number};
use crate::postgres::errors::Failure;
use crate::postgres::events::append::append_one;
use crate::postgres::search::vectors::{Words, WordsOf};
use crate::postgres::tickets::find_view;
use crate::postgres::tickets::locks::lock_tickets;
use crate::sql::schema::{comments, customers, events, merged_customers, tickets, users};
use crate::sql::tickets::{HumanTicketChangeset, TicketChangeset, keep_first_message};

/// Changes the shop's ticket. Must run in a transaction.
pub(super) async fn update(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: TicketId,
    update: TicketUpdate,
) -> Result<UpdateTicketOutcome, Failure> {
    let TicketUpdate { changes, expected_version, stamp } = update;
    // Customers are locked before tickets.
    let has_customer = match changes.customer_id {
        Some(customer) => lock_customer(connection, shop, customer).await?,
        None => true,
    };
    // Waits for a concurrent change of the ticket, and sees its result.
    let Some((row, _)) = lock_tickets(connection, &BTreeSet::from([(shop, id)])).await?.pop() else {
        return Ok(UpdateTicketOutcome::TicketNotFound);
    };
    let TicketSnapshot { ticket: before, human_ticket } = row.try_into()?;
    if expected_version.is_some_and(|expected| expected != before.version) {
        return Ok(UpdateTicketOutcome::VersionMismatch);
    }
    if !has_customer {
        return Ok(UpdateTicketOutcome::CustomerNotFound);
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
        if let Some(customer) = changes.new_customer(&before) {
            move_history(connection, &before, customer).await?;
        }
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
        let is_new_time = after.last_message_time != before.last_message_time;
        let first_message = is_new_time.then(keep_first_message);
        diesel::update(tickets::table.find((shop.get(), id.get())))
            .set((
                TicketChangeset::from(changes),
                tickets::version.eq(tickets::version + 1),
                human_ticket,
                number,
                first_message,
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

/// Whether this is a customer of the shop. Locks the customer against an erasure until the transaction
/// ends.
async fn lock_customer(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    customer: CustomerId,
) -> QueryResult<bool> {
    let customer = customers::table.find((shop.get(), customer.get())).select(customers::id);
    let found: Option<i64> = customer.for_key_share().get_result(connection).await.optional()?;
    Ok(found.is_some())
}

/// Moves the snapshots of a ticket and its comments to this customer, whose erasure then removes them.
/// Must run in the transaction that has locked the ticket.
async fn move_history(
    connection: &mut AsyncPgConnection,
    ticket: &Ticket,
    customer: CustomerId,
) -> QueryResult<()> {
    let shop = ticket.shop_id.get();
    let of_ticket = comments::shop_id.eq(shop).and(comments::ticket_id.eq(ticket.id.get()));
    // The events of a merged customer keep its number.
    let merged =
        merged_customers::shop_id.eq(shop).and(merged_customers::into_id.eq(ticket.customer_id.get()));
    let merged = merged_customers::table.filter(merged).select(merged_customers::id);
    let mut former: Vec<i64> = merged.load(connection).await?;
    former.push(ticket.customer_id.get());
    let comments: Vec<i64> = comments::table.filter(of_ticket).select(comments::id).load(connection).await?;
    let is_theirs = (events::kind.like("ticket.%").and(events::subject_id.eq(ticket.id.get())))
        .or(events::kind.like("comment.%").and(events::subject_id.eq_any(comments)));
    let moved = events::table
        .filter(events::shop_id.eq(shop).and(events::customer_id.eq_any(former)))
        .filter(events::snapshot.is_not_null())
        .filter(is_theirs);
    // In the order of the log, like the removal of old events, so that the two cannot deadlock.
    let places = moved.clone().order((events::change, events::part)).select((events::change, events::part));
    places.for_no_key_update().execute(connection).await?;
    diesel::update(moved).set(events::customer_id.eq(customer.get())).execute(connection).await?;
    Ok(())
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
