//! Opens closed tickets that a customer answers, in shops with `reopen_on_reply`.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{HumanTicketId, ShopId, TicketId};

use super::insert_comments;
use super::locked_batch::{LockedBatch, LockedTicket};
use crate::postgres::counters::{Numbered, next_number};
use crate::postgres::errors::Failure;
use crate::postgres::layout::Layout;
use crate::sql::schema::{shops, tickets};
use crate::sql::tickets::OpenedTicket;

/// Gives every ticket that the added comments open its human ticket. Usually there is none, and no
/// statement.
pub(super) async fn open_tickets(
    connection: &mut AsyncPgConnection,
    layout: Layout,
    batch: &mut LockedBatch,
) -> Result<(), Failure> {
    let closed: BTreeSet<(ShopId, TicketId)> = batch
        .added
        .iter()
        .map(|(comment, _)| ((comment.shop_id, comment.ticket_id), comment))
        .filter(|(place, comment)| {
            batch.tickets.get(place).is_some_and(|locked| locked.before.may_be_reopened_by(comment))
        })
        .map(|(place, _)| place)
        .collect();
    if closed.is_empty() {
        return Ok(());
    }
    let wanted: BTreeSet<i64> = closed.iter().map(|(shop, _)| shop.get()).collect();
    let reopening = shops::table.filter(shops::id.eq_any(wanted).and(shops::reopen_on_reply));
    let reopening: BTreeSet<i64> = reopening.select(shops::id).load(connection).await?.into_iter().collect();
    let mut unnumbered = Vec::new();
    for ((shop, id), locked) in &mut batch.tickets {
        if reopening.contains(&shop.get()) && closed.contains(&(*shop, *id)) {
            locked.opened_as = locked.now.human_ticket.as_ref().map(|human_ticket| human_ticket.id);
            if locked.opened_as.is_none() {
                unnumbered.push((*shop, locked));
            }
        }
    }
    if unnumbered.is_empty() {
        return Ok(());
    }
    // The unique keys of the comments come before the counters: see `counters`.
    insert_comments(connection, layout, &std::mem::take(&mut batch.comments)).await?;
    for (shop, locked) in unnumbered {
        let number = next_number(connection, shop, Numbered::HumanTickets).await?;
        let number = HumanTicketId::new(number);
        locked.opened_as = Some(number.ok_or(Failure::Unexpected("no human ticket number is left"))?);
    }
    Ok(())
}

/// Writes the opened tickets, after the comments were applied to them.
pub(super) async fn write_opened(
    connection: &mut AsyncPgConnection,
    locked: impl Iterator<Item = &LockedTicket>,
) -> QueryResult<()> {
    for LockedTicket { now, .. } in locked.filter(|locked| locked.opened_as.is_some()) {
        let (shop, id) = (now.ticket.shop_id.get(), now.ticket.id.get());
        diesel::update(tickets::table.find((shop, id)))
            .set(OpenedTicket::new(now.human_ticket.as_ref()))
            .execute(connection)
            .await?;
    }
    Ok(())
}
