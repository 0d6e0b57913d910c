use crate::{CustomerId, Ticket, Timestamp, UserId};

/// Selects the tickets of a list that meet every given condition. Without conditions, selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct TicketFilter {
    /// Whether a person has to handle it.
    pub is_opened: Option<bool>,
    /// Its channel, exactly.
    pub channel: Option<String>,
    /// The user it is assigned to.
    pub assignee: Option<AssigneeFilter>,
    /// Its customer.
    pub customer_id: Option<CustomerId>,
    /// The thread it belongs to.
    pub thread: Option<ThreadFilter>,
    /// One of its tags, exactly.
    pub tag: Option<String>,
    /// Its contact reason, exactly.
    pub contact_reason: Option<String>,
    /// Whether it has unread messages.
    pub has_unread: Option<bool>,
    /// Its `date` is this or later.
    pub date_from: Option<Timestamp>,
    /// Its `date` is earlier.
    pub date_before: Option<Timestamp>,
    /// Its `last_message_time` is this or later.
    pub last_message_from: Option<Timestamp>,
    /// Its `last_message_time` is earlier.
    pub last_message_before: Option<Timestamp>,
}

/// A condition on the user that a ticket is assigned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssigneeFilter {
    /// No user.
    Unassigned,
    /// This user.
    User(UserId),
}

/// A thread. Two customers may have threads with the same id, so a thread also needs its
/// customer. No thread has two customers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ThreadFilter {
    /// The customer.
    pub customer_id: CustomerId,
    /// Its id, exactly. The empty id names no thread and matches no ticket.
    pub thread_id: String,
}

impl TicketFilter {
    /// Whether the ticket meets every given condition (TICKET-13).
    pub fn matches(&self, ticket: &Ticket) -> bool {
        // Without `..`, a new condition does not compile until it is used here.
        let Self {
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
        } = self;
        is_opened.is_none_or(|is_opened| ticket.is_opened == is_opened)
            && channel.as_ref().is_none_or(|channel| ticket.channel == *channel)
            && assignee.is_none_or(|assignee| assignee.matches(ticket))
            && customer_id.is_none_or(|customer| ticket.customer_id == customer)
            && thread.as_ref().is_none_or(|thread| thread.matches(ticket))
            && tag.as_ref().is_none_or(|tag| ticket.tags.contains(tag))
            && contact_reason.as_ref().is_none_or(|reason| ticket.contact_reason.as_ref() == Some(reason))
            && has_unread.is_none_or(|has_unread| (ticket.unread_count > 0) == has_unread)
            && date_from.is_none_or(|from| from <= ticket.date)
            && date_before.is_none_or(|before| ticket.date < before)
            && last_message_from.is_none_or(|from| from <= ticket.last_message_time)
            && last_message_before.is_none_or(|before| ticket.last_message_time < before)
    }
}

impl AssigneeFilter {
    fn matches(self, ticket: &Ticket) -> bool {
        match self {
            Self::Unassigned => ticket.assigned_to.is_none(),
            Self::User(user) => ticket.assigned_to == Some(user),
        }
    }
}

impl ThreadFilter {
    fn matches(&self, ticket: &Ticket) -> bool {
        !self.thread_id.is_empty()
            && ticket.customer_id == self.customer_id
            && ticket.thread_id.as_ref() == Some(&self.thread_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ShopId, TicketDraft, TicketId};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn ticket() -> Ticket {
        let draft = TicketDraft {
            customer_id: CustomerId::new(1),
            channel: Some("Mail".into()),
            thread_id: Some("t1".into()),
            date: Some(at(10)),
            last_message_time: Some(at(20)),
            contact_reason: Some("refund".into()),
            assigned_to: UserId::new(2),
            is_opened: true,
            unread_count: Some(3),
            tags: Some(vec!["new".into(), "vip".into()]),
            ..TicketDraft::default()
        };
        draft.into_ticket(TicketId::new(1).unwrap(), ShopId::new(1).unwrap(), at(0)).unwrap()
    }

    fn thread(customer: i64, id: &str) -> Option<ThreadFilter> {
        Some(ThreadFilter { customer_id: CustomerId::new(customer).unwrap(), thread_id: id.into() })
    }

    fn user(id: i64) -> Option<AssigneeFilter> {
        UserId::new(id).map(AssigneeFilter::User)
    }

    #[test]
    fn every_condition_matches_or_not() {
        let any = TicketFilter::default;
        let text = |text: &str| Some(text.to_owned());
        assert!(any().matches(&ticket()));
        for (expected, filter) in [
            (true, TicketFilter { is_opened: Some(true), ..any() }),
            (false, TicketFilter { is_opened: Some(false), ..any() }),
            (true, TicketFilter { channel: text("Mail"), ..any() }),
            (false, TicketFilter { channel: text("mail"), ..any() }),
            (true, TicketFilter { assignee: user(2), ..any() }),
            (false, TicketFilter { assignee: user(1), ..any() }),
            (false, TicketFilter { assignee: Some(AssigneeFilter::Unassigned), ..any() }),
            (true, TicketFilter { customer_id: CustomerId::new(1), ..any() }),
            (false, TicketFilter { customer_id: CustomerId::new(2), ..any() }),
            (true, TicketFilter { thread: thread(1, "t1"), ..any() }),
            (false, TicketFilter { thread: thread(2, "t1"), ..any() }),
            (false, TicketFilter { thread: thread(1, "t2"), ..any() }),
            (true, TicketFilter { tag: text("vip"), ..any() }),
            (false, TicketFilter { tag: text("vi"), ..any() }),
            (true, TicketFilter { contact_reason: text("refund"), ..any() }),
            (false, TicketFilter { contact_reason: text("Refund"), ..any() }),
            (true, TicketFilter { has_unread: Some(true), ..any() }),
            (false, TicketFilter { has_unread: Some(false), ..any() }),
            (true, TicketFilter { date_from: Some(at(10)), ..any() }),
            (false, TicketFilter { date_from: Some(at(11)), ..any() }),
            (true, TicketFilter { date_before: Some(at(11)), ..any() }),
            (false, TicketFilter { date_before: Some(at(10)), ..any() }),
            (true, TicketFilter { last_message_from: Some(at(20)), ..any() }),
            (false, TicketFilter { last_message_from: Some(at(21)), ..any() }),
            (true, TicketFilter { last_message_before: Some(at(21)), ..any() }),
            (false, TicketFilter { last_message_before: Some(at(20)), ..any() }),
            (false, TicketFilter { channel: text("Mail"), tag: text("old"), ..any() }),
        ] {
            assert_eq!(filter.matches(&ticket()), expected, "{filter:?}");
        }
    }

    #[test]
    fn a_ticket_without_a_value_matches_no_condition_on_it() {
        let empty = Ticket {
            thread_id: None,
            contact_reason: None,
            assigned_to: None,
            unread_count: 0,
            tags: vec![],
            ..ticket()
        };
        let any = TicketFilter::default;
        assert!(
            TicketFilter { assignee: Some(AssigneeFilter::Unassigned), has_unread: Some(false), ..any() }
                .matches(&empty)
        );
        for filter in [
            TicketFilter { assignee: user(2), ..any() },
            TicketFilter { thread: thread(1, "t1"), ..any() },
            TicketFilter { tag: Some("vip".into()), ..any() },
            TicketFilter { contact_reason: Some("refund".into()), ..any() },
            TicketFilter { has_unread: Some(true), ..any() },
        ] {
            assert!(!filter.matches(&empty), "{filter:?}");
        }
    }

    #[test]
    fn the_empty_thread_id_is_no_thread() {
        let ticket = Ticket { thread_id: Some(String::new()), ..ticket() };
        assert!(!TicketFilter { thread: thread(1, ""), ..TicketFilter::default() }.matches(&ticket));
    }
}
