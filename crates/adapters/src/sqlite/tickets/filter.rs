//! The conditions of a [`TicketFilter`](hexdesk_domain::TicketFilter).

/// Adds every condition to a query of tickets. This is a macro, because lists join other tables and
/// counts do not. Their queries differ in type, and a generic function would need a bound for each
/// condition.
macro_rules! add_conditions {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
        // Lists every field: a new condition does not compile until it is used.
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
        } = $filter;
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
            // An empty thread id means no thread.
            query = query.filter(tickets::thread_id.ne(""));
        }
        if let Some(tag) = tag {
            query = query.filter(
                sql::<Bool>("EXISTS (SELECT 1 FROM json_each(tickets.tags) WHERE json_each.value = ")
                    .bind::<Text, _>(tag)
                    .sql(")"),
            );
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
    }};
}

pub(super) use add_conditions;
