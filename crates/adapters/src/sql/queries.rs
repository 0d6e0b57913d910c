//! Queries that are the same on both databases, without a backend.

use diesel::dsl::auto_type;
use diesel::prelude::*;

use super::schema::{comments, customers, tickets, users};
use super::types::StoredTimestamp;

/// Tickets of one shop, each with its customer and assignee.
#[auto_type]
pub(crate) fn ticket_views(shop: i64) -> _ {
    tickets::table
        .inner_join(
            customers::table
                .on(customers::shop_id.eq(tickets::shop_id).and(customers::id.eq(tickets::customer_id))),
        )
        .left_join(
            users::table
                .on(users::shop_id.eq(tickets::shop_id).and(users::id.nullable().eq(tickets::assigned_to))),
        )
        .filter(tickets::shop_id.eq(shop))
}

/// One shop's ticket with its customer and assignee.
#[auto_type]
pub(crate) fn ticket_view(shop: i64, id: i64) -> _ {
    let views: ticket_views = ticket_views(shop);
    views.filter(tickets::id.eq(id))
}

/// The list of a shop's tickets.
#[auto_type]
pub(crate) fn ticket_list(shop: i64) -> _ {
    let views: ticket_views = ticket_views(shop);
    views.order((tickets::last_message_time.desc(), tickets::id.desc()))
}

/// Whether a ticket comes after this position in the list. The first condition alone can use an
/// index.
#[auto_type]
pub(crate) fn ticket_is_after(time: StoredTimestamp, id: i64) -> _ {
    tickets::last_message_time.le(time).and(tickets::last_message_time.lt(time).or(tickets::id.lt(id)))
}

/// The list of the comments of one ticket, each with its author and the ticket's customer.
#[auto_type]
pub(crate) fn comment_list(shop: i64, ticket: i64) -> _ {
    comments::table
        .inner_join(
            tickets::table
                .on(tickets::shop_id.eq(comments::shop_id).and(tickets::id.eq(comments::ticket_id))),
        )
        .inner_join(
            customers::table
                .on(customers::shop_id.eq(tickets::shop_id).and(customers::id.eq(tickets::customer_id))),
        )
        .left_join(
            users::table
                .on(users::shop_id.eq(comments::shop_id).and(users::id.nullable().eq(comments::author_id))),
        )
        .filter(comments::shop_id.eq(shop).and(comments::ticket_id.eq(ticket)))
        .order((comments::time.asc(), comments::id.asc()))
}

/// The messages of one ticket other than this comment, latest first: comments that are not notes.
#[auto_type]
pub(crate) fn other_messages(shop: i64, ticket: i64, except: i64) -> _ {
    comments::table
        .filter(comments::shop_id.eq(shop).and(comments::ticket_id.eq(ticket)))
        .filter(comments::id.ne(except).and(comments::is_note.eq(false)))
        .order((comments::time.desc(), comments::id.desc()))
        .select((comments::time, comments::id, comments::text))
}

/// Whether a comment comes after this position in the list of its ticket. See
/// [`ticket_is_after()`].
#[auto_type]
pub(crate) fn comment_is_after(time: StoredTimestamp, id: i64) -> _ {
    comments::time.ge(time).and(comments::time.gt(time).or(comments::id.gt(id)))
}
