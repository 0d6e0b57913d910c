//! The conditions of a [`TicketFilter`](hexdesk_domain::TicketFilter).

use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::sql_types::{Bool, Text};
use serde::Serialize;

/// Adds every condition to a query of tickets. This is a macro, because lists join other tables and
/// counts do not. Their queries differ in type, and a generic function would need a bound for each
/// condition.
macro_rules! add_conditions {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
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
        } = $filter;
        if let Some(is_opened) = is_opened {
            query = query.filter(tickets::is_opened.eq(is_opened));
        }
        match channels.len() {
            0 => {}
            1 => query = query.filter(tickets::channel.eq(channels.remove(0))),
            _ => query = query.filter(super::filter::is_one_of("tickets.channel", &channels)?),
        }
        let users: Vec<i64> = AssigneeFilter::users(&assignees).map(UserId::get).collect();
        match (assignees.contains(&AssigneeFilter::Unassigned), users.as_slice()) {
            (false, []) => {}
            (true, []) => query = query.filter(tickets::assigned_to.is_null()),
            (false, [user]) => query = query.filter(tickets::assigned_to.eq(*user)),
            (false, _) => query = query.filter(super::filter::is_one_of("tickets.assigned_to", &users)?),
            // A missing assignee is 0, which is nobody's number.
            (true, _) => {
                let users: Vec<i64> = users.iter().copied().chain([0]).collect();
                query = query.filter(super::filter::is_one_of("coalesce(tickets.assigned_to, 0)", &users)?);
            }
        }
        if let Some(customer) = customer_id {
            query = query.filter(tickets::customer_id.eq(customer.get()));
        }
        if let Some(thread_id) = thread_id {
            query = query.filter(tickets::thread_id.eq(thread_id));
            // An empty thread id means no thread.
            query = query.filter(tickets::thread_id.ne(""));
        }
        for tag in tags {
            query = query.filter(
                sql::<Bool>("EXISTS (SELECT 1 FROM json_each(tickets.tags) WHERE json_each.value = ")
                    .bind::<Text, _>(tag)
                    .sql(")"),
            );
        }
        match contact_reasons.len() {
            0 => {}
            1 => query = query.filter(tickets::contact_reason.eq(contact_reasons.remove(0))),
            _ => query = query.filter(super::filter::is_one_of("tickets.contact_reason", &contact_reasons)?),
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
    }};
}

pub(super) use add_conditions;

/// The type of [`is_one_of`].
type IsOneOf = SqlLiteral<Bool, UncheckedBind<SqlLiteral<Bool>, AsExprOf<String, Text>>>;

/// The condition that a column of a ticket, or an expression, has one of these values. The `+` keeps
/// SQLite from the index of the column: several values in it are several lists, which it would have to
/// sort.
pub(super) fn is_one_of(column: &str, values: &[impl Serialize]) -> Result<IsOneOf, serde_json::Error> {
    let values = serde_json::to_string(values)?;
    Ok(sql::<Bool>(&format!("+{column} IN (SELECT value FROM json_each(")).bind::<Text, _>(values).sql("))"))
}
