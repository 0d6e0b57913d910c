//! Which tickets a list holds.

use hexdesk_domain::{AssigneeFilter, ThreadFilter, Ticket, TicketFilter};

/// Whether the ticket meets every condition that is there.
pub(super) fn meets(ticket: &Ticket, filter: &TicketFilter) -> bool {
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
    is_opened.is_none_or(|is_opened| ticket.is_opened == is_opened)
        && channel.as_ref().is_none_or(|channel| ticket.channel == *channel)
        && assignee.is_none_or(|assignee| match assignee {
            AssigneeFilter::Unassigned => ticket.assigned_to.is_none(),
            AssigneeFilter::User(user) => ticket.assigned_to == Some(user),
        })
        && customer_id.is_none_or(|customer| ticket.customer_id == customer)
        && thread.as_ref().is_none_or(|thread| is_of(ticket, thread))
        && tag.as_ref().is_none_or(|tag| ticket.tags.contains(tag))
        && contact_reason.as_ref().is_none_or(|reason| ticket.contact_reason.as_ref() == Some(reason))
        && has_unread.is_none_or(|has_unread| (ticket.unread_count > 0) == has_unread)
        && date_from.is_none_or(|from| from <= ticket.date)
        && date_before.is_none_or(|before| ticket.date < before)
        && last_message_from.is_none_or(|from| from <= ticket.last_message_time)
        && last_message_before.is_none_or(|before| ticket.last_message_time < before)
}

/// A ticket may have the empty thread id; it is of no thread.
fn is_of(ticket: &Ticket, ThreadFilter { customer_id, thread_id }: &ThreadFilter) -> bool {
    !thread_id.is_empty()
        && ticket.customer_id == *customer_id
        && ticket.thread_id.as_ref() == Some(thread_id)
}
