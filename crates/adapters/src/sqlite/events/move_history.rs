//! Moves the history of a ticket to another customer.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{CustomerId, Ticket};

use crate::sql::schema::{comments, events};

/// Moves the snapshots of a ticket and its comments to this customer, whose erasure then removes them.
pub(in crate::sqlite) fn move_history(
    connection: &mut SqliteConnection,
    ticket: &Ticket,
    customer: CustomerId,
) -> QueryResult<()> {
    let (shop, id) = (ticket.shop_id.get(), ticket.id.get());
    let of_ticket = comments::shop_id.eq(shop).and(comments::ticket_id.eq(id));
    let comments: Vec<i64> = comments::table.filter(of_ticket).select(comments::id).load(connection)?;
    let subjects = [("ticket.%", id)].into_iter().chain(comments.into_iter().map(|id| ("comment.%", id)));
    for (kinds, subject) in subjects {
        // Objects of several kinds share numbers, so the kind must match too.
        diesel::update(events::table)
            .filter(events::shop_id.eq(shop).and(events::subject_id.eq(subject)))
            .filter(events::snapshot.is_not_null().and(events::kind.like(kinds)))
            .set(events::customer_id.eq(customer.get()))
            .execute(connection)?;
    }
    Ok(())
}
