//! Queries that are the same on both databases, without a backend.

use diesel::backend::Backend;
use diesel::dsl::auto_type;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use hexdesk_domain::EventPosition;

use super::schema::{
    comments, credentials, customers, events, sessions, shops, tickets, users, webhook_deliveries,
};
use super::types::StoredTimestamp;

/// The length of a list up to a limit: `SELECT count(*) FROM (… LIMIT 1000) AS counted`. The limit is part
/// of the text, because SQLite prepares a statement with a bound limit again on every call.
#[derive(Debug)]
pub(crate) struct CountUpTo<L> {
    pub(crate) list: L,
    pub(crate) at_most: u64,
}

impl<DB: Backend, L: QueryFragment<DB>> QueryFragment<DB> for CountUpTo<L> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT count(*) FROM (");
        self.list.walk_ast(out.reborrow())?;
        out.push_sql(&format!(" LIMIT {}) AS counted", self.at_most));
        Ok(())
    }
}

impl<L> Query for CountUpTo<L> {
    type SqlType = BigInt;
}

/// Identified by its text, which includes the limit.
impl<L> QueryId for CountUpTo<L> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<L, C> RunQueryDsl<C> for CountUpTo<L> {}

/// A session with its user, the user's credential and the shop.
#[auto_type]
pub(crate) fn session(shop: i64, token_hash: Vec<u8>) -> _ {
    sessions::table
        .inner_join(
            users::table.on(users::shop_id.eq(sessions::shop_id).and(users::id.eq(sessions::user_id))),
        )
        .inner_join(
            credentials::table.on(credentials::shop_id
                .eq(sessions::shop_id)
                .and(credentials::user_id.eq(sessions::user_id))),
        )
        .inner_join(shops::table.on(shops::id.eq(sessions::shop_id)))
        .filter(sessions::shop_id.eq(shop).and(sessions::token_hash.eq(token_hash)))
}

/// The credential with this link, its user and the shop.
#[auto_type]
pub(crate) fn link(shop: i64, token_hash: Vec<u8>) -> _ {
    credentials::table
        .inner_join(
            users::table.on(users::shop_id.eq(credentials::shop_id).and(users::id.eq(credentials::user_id))),
        )
        .inner_join(shops::table.on(shops::id.eq(credentials::shop_id)))
        .filter(credentials::shop_id.eq(shop).and(credentials::link_hash.eq(token_hash)))
}

/// The credential of the user with this folded e-mail address, and the user.
#[auto_type]
pub(crate) fn credential(shop: i64, email_folded: String) -> _ {
    credentials::table
        .inner_join(
            users::table.on(users::shop_id.eq(credentials::shop_id).and(users::id.eq(credentials::user_id))),
        )
        .filter(users::shop_id.eq(shop).and(users::email_folded.eq(email_folded)))
        .filter(credentials::shop_id.eq(shop))
}

/// The credentials of these users.
#[auto_type]
pub(crate) fn credentials_of(shop: i64, users: Vec<i64>) -> _ {
    credentials::table.filter(credentials::shop_id.eq(shop).and(credentials::user_id.eq_any(users)))
}

/// The credential of a user who signs in at this time, unless the user signed in later.
#[auto_type]
pub(crate) fn sign_in_of(shop: i64, user: i64, time: StoredTimestamp) -> _ {
    let is_news = credentials::signed_in_at.is_null().or(credentials::signed_in_at.lt(time));
    credentials::table
        .filter(credentials::shop_id.eq(shop).and(credentials::user_id.eq(user)))
        .filter(is_news)
}

/// The sessions of a user.
#[auto_type]
pub(crate) fn sessions_of(shop: i64, user: i64) -> _ {
    sessions::table.filter(sessions::shop_id.eq(shop).and(sessions::user_id.eq(user)))
}

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

/// The events of a shop's log after a position, up to another, oldest first. The first condition of
/// each position can use the key.
#[auto_type]
pub(crate) fn events_between(
    shop: i64,
    after_change: i64,
    after_part: i64,
    until_change: i64,
    until_part: i64,
) -> _ {
    events::table
        .filter(events::shop_id.eq(shop))
        .filter(events::change.ge(after_change))
        .filter(events::change.gt(after_change).or(events::part.gt(after_part)))
        .filter(events::change.le(until_change))
        .filter(events::change.lt(until_change).or(events::part.le(until_part)))
        .order((events::change.asc(), events::part.asc()))
}

/// Before all events, and after all.
pub(crate) const BEFORE_ALL: EventPosition = EventPosition { change: -1, part: 0 };
pub(crate) const AFTER_ALL: EventPosition = EventPosition { change: i64::MAX, part: i64::MAX };

/// The deliveries of a webhook.
#[auto_type]
pub(crate) fn deliveries(shop: i64, webhook: i64) -> _ {
    webhook_deliveries::table
        .filter(webhook_deliveries::shop_id.eq(shop))
        .filter(webhook_deliveries::webhook_id.eq(webhook))
}

/// The deliveries of a webhook that are claimed.
#[auto_type]
pub(crate) fn claimed_deliveries(shop: i64, webhook: i64, now: StoredTimestamp) -> _ {
    let all: deliveries = deliveries(shop, webhook);
    all.filter(webhook_deliveries::claimed_until.is_not_null())
        .filter(webhook_deliveries::claimed_until.assume_not_null().gt(now))
}

/// The deliveries of a webhook with this subject, in the order of the log.
#[auto_type]
pub(crate) fn deliveries_of_subject<'a>(shop: i64, webhook: i64, subject: &'a str) -> _ {
    let all: deliveries = deliveries(shop, webhook);
    all.filter(webhook_deliveries::subject.eq(subject))
        .order((webhook_deliveries::change.asc(), webhook_deliveries::part.asc()))
}

/// The deliveries of a webhook that are due, those that are due longest first.
#[auto_type]
pub(crate) fn due_deliveries(shop: i64, webhook: i64, now: StoredTimestamp) -> _ {
    let all: deliveries = deliveries(shop, webhook);
    all.filter(webhook_deliveries::due_at.is_not_null())
        .filter(webhook_deliveries::due_at.assume_not_null().le(now))
        .order((
            webhook_deliveries::due_at.asc(),
            webhook_deliveries::change.asc(),
            webhook_deliveries::part.asc(),
        ))
}
