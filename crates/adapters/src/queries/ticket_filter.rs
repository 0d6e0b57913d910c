//! The conditions of a [`TicketFilter`], on any boxed query that tickets are part of.

use diesel::dsl::{Eq, Gt, GtEq, IsNull, Lt, NotEq};
use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl;
use hexdesk_domain::{AssigneeFilter, ThreadFilter, TicketFilter};

use crate::schema::tickets;
use crate::sql_types::StoredTimestamp;

/// The tickets of the query that meet every condition. `has_tag` says in the database's
/// own words that a ticket has this tag.
pub(crate) fn tickets_meeting<Q, T>(
    mut query: Q,
    filter: TicketFilter,
    has_tag: impl FnOnce(String) -> T,
) -> Q
where
    Q: FilterDsl<Eq<tickets::is_opened, bool>, Output = Q>
        + FilterDsl<Eq<tickets::channel, String>, Output = Q>
        + FilterDsl<IsNull<tickets::assigned_to>, Output = Q>
        + FilterDsl<Eq<tickets::assigned_to, i64>, Output = Q>
        + FilterDsl<Eq<tickets::customer_id, i64>, Output = Q>
        + FilterDsl<Eq<tickets::thread_id, String>, Output = Q>
        + FilterDsl<NotEq<tickets::thread_id, &'static str>, Output = Q>
        + FilterDsl<T, Output = Q>
        + FilterDsl<Eq<tickets::contact_reason, String>, Output = Q>
        + FilterDsl<Gt<tickets::unread_count, i32>, Output = Q>
        + FilterDsl<Eq<tickets::unread_count, i32>, Output = Q>
        + FilterDsl<GtEq<tickets::date, StoredTimestamp>, Output = Q>
        + FilterDsl<Lt<tickets::date, StoredTimestamp>, Output = Q>
        + FilterDsl<GtEq<tickets::last_message_time, StoredTimestamp>, Output = Q>
        + FilterDsl<Lt<tickets::last_message_time, StoredTimestamp>, Output = Q>,
{
    // In full, so that no condition is forgotten.
    let TicketFilter {
        is_opened,
        channel,
        assignee,
        customer_id,
        thread,
        tag,
        contact_reason,
        has_unread,
        date_from,
        date_before,
        last_message_from,
        last_message_before,
    } = filter;
    if let Some(is_opened) = is_opened {
        query = query.filter(tickets::is_opened.eq(is_opened));
    }
    if let Some(channel) = channel {
        query = query.filter(tickets::channel.eq(channel));
    }
    match assignee {
        Some(AssigneeFilter::Unassigned) => query = query.filter(tickets::assigned_to.is_null()),
        Some(AssigneeFilter::User(user)) => query = query.filter(tickets::assigned_to.eq(user.get())),
        None => {}
    }
    if let Some(customer) = customer_id {
        query = query.filter(tickets::customer_id.eq(customer.get()));
    }
    if let Some(ThreadFilter { customer_id, thread_id }) = thread {
        query = query.filter(tickets::customer_id.eq(customer_id.get()));
        query = query.filter(tickets::thread_id.eq(thread_id));
        // A ticket may have the empty thread id; it is of no thread.
        query = query.filter(tickets::thread_id.ne(""));
    }
    if let Some(tag) = tag {
        query = query.filter(has_tag(tag));
    }
    if let Some(reason) = contact_reason {
        query = query.filter(tickets::contact_reason.eq(reason));
    }
    match has_unread {
        Some(true) => query = query.filter(tickets::unread_count.gt(0)),
        Some(false) => query = query.filter(tickets::unread_count.eq(0)),
        None => {}
    }
    if let Some(time) = date_from {
        query = query.filter(tickets::date.ge(StoredTimestamp(time)));
    }
    if let Some(time) = date_before {
        query = query.filter(tickets::date.lt(StoredTimestamp(time)));
    }
    if let Some(time) = last_message_from {
        query = query.filter(tickets::last_message_time.ge(StoredTimestamp(time)));
    }
    if let Some(time) = last_message_before {
        query = query.filter(tickets::last_message_time.lt(StoredTimestamp(time)));
    }
    query
}
