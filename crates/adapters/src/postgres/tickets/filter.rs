//! The conditions of a [`TicketFilter`].

use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use hexdesk_domain::{AssigneeFilter, TicketFilter, UserId};

use crate::sql::schema::tickets;
use crate::sql::types::{StoredTexts, StoredTimestamp, TextList};

diesel::infix_operator!(Contains, " @> ", Bool, backend: Pg);

/// Adds every condition to a query of tickets.
pub(super) fn add<ST>(
    mut query: tickets::BoxedQuery<'static, Pg, ST>,
    filter: TicketFilter,
) -> tickets::BoxedQuery<'static, Pg, ST> {
    // Lists every field: a new condition does not compile until it is used.
    let TicketFilter {
        is_opened,
        mut channels,
        assignees,
        customer_id,
        thread_id,
        tags,
        mut contact_reasons,
        has_unread,
        date_from,
        date_before,
        last_message_from,
        last_message_before,
    } = filter;
    if let Some(is_opened) = is_opened {
        query = query.filter(tickets::is_opened.eq(is_opened));
    }
    match channels.len() {
        0 => {}
        1 => query = query.filter(tickets::channel.eq(channels.remove(0))),
        _ => query = query.filter(tickets::channel.eq_any(channels)),
    }
    query = add_assignees(query, &assignees);
    if let Some(customer) = customer_id {
        query = query.filter(tickets::customer_id.eq(customer.get()));
    }
    if let Some(thread_id) = thread_id {
        query = query.filter(tickets::thread_id.eq(thread_id));
        // An empty thread id means no thread.
        query = query.filter(tickets::thread_id.ne(""));
    }
    if !tags.is_empty() {
        let tags = AsExpression::<TextList>::as_expression(StoredTexts(tags));
        query = query.filter(Contains::new(tickets::tags, tags));
    }
    match contact_reasons.len() {
        0 => {}
        1 => query = query.filter(tickets::contact_reason.eq(contact_reasons.remove(0))),
        _ => query = query.filter(tickets::contact_reason.eq_any(contact_reasons)),
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

/// Adds the condition that the ticket is assigned to one of these.
fn add_assignees<ST>(
    query: tickets::BoxedQuery<'static, Pg, ST>,
    assignees: &[AssigneeFilter],
) -> tickets::BoxedQuery<'static, Pg, ST> {
    let users = AssigneeFilter::users(assignees).map(UserId::get);
    let users: Vec<i64> = users.collect();
    match (assignees.contains(&AssigneeFilter::Unassigned), users.as_slice()) {
        (false, []) => query,
        (true, []) => query.filter(tickets::assigned_to.is_null()),
        (false, [user]) => query.filter(tickets::assigned_to.eq(*user)),
        (false, _) => query.filter(tickets::assigned_to.eq_any(users)),
        (true, _) => {
            let is_theirs = tickets::assigned_to.is_null().or(tickets::assigned_to.eq_any(users));
            query.filter(is_theirs.assume_not_null())
        }
    }
}
