//! Deletes tickets and their comments.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{AuditStamp, EventKind, ShopId};

use crate::sql::events::NewEventRow;
use crate::sql::schema::{comments, tickets};

/// What was deleted, in order of number.
#[derive(Debug)]
pub(super) struct Deleted {
    pub(super) comments: Vec<i64>,
    pub(super) tickets: Vec<i64>,
}

impl Deleted {
    /// The event of each deletion.
    pub(super) fn events(&self, shop: ShopId, stamp: AuditStamp) -> impl Iterator<Item = NewEventRow> {
        let comments = self.comments.iter().map(|id| (EventKind::CommentDeleted, *id));
        let tickets = self.tickets.iter().map(|id| (EventKind::TicketDeleted, *id));
        comments.chain(tickets).map(move |(kind, id)| NewEventRow::of_deleted(shop, kind, id, stamp.into()))
    }
}

/// Deletes these tickets of the shop, and their comments. Must run in a transaction that has locked
/// the tickets, and that appends the events.
pub(super) async fn delete_tickets(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    ids: &[i64],
) -> QueryResult<Deleted> {
    let mut deleted = Deleted {
        comments: diesel::delete(comments::table)
            .filter(comments::shop_id.eq(shop.get()).and(comments::ticket_id.eq_any(ids)))
            .returning(comments::id)
            .get_results(connection)
            .await?,
        tickets: diesel::delete(tickets::table)
            .filter(tickets::shop_id.eq(shop.get()).and(tickets::id.eq_any(ids)))
            .returning(tickets::id)
            .get_results(connection)
            .await?,
    };
    deleted.comments.sort_unstable();
    deleted.tickets.sort_unstable();
    Ok(deleted)
}
