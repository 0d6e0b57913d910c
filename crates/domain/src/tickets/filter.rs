use crate::{CustomerId, Ticket, Timestamp, UserId};

/// Selects the tickets of a list that meet every given condition. Without conditions, selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct TicketFilter {
    /// Whether a person has to handle it.
    pub is_opened: Option<bool>,
    /// Its channel is one of these, exactly. Empty: any channel.
    pub channels: Vec<String>,
    /// It is assigned to one of these. Empty: to anybody or nobody.
    pub assignees: Vec<AssigneeFilter>,
    /// Its customer.
    pub customer_id: Option<CustomerId>,
    /// The id of its thread, exactly. Two customers may have threads with the same id. The empty id
    /// names no thread and matches no ticket.
    pub thread_id: Option<String>,
    /// All of these are among its tags, exactly.
    pub tags: Vec<String>,
    /// Its contact reason is one of these, exactly. Empty: any contact reason, or none.
    pub contact_reasons: Vec<String>,
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

impl TicketFilter {
    /// Whether the ticket meets every given condition (TICKET-13).
    pub fn matches(&self, ticket: &Ticket) -> bool {
        // Without `..`, a new condition does not compile until it is used here.
        let Self {
            is_opened,
            channels,
            assignees,
            customer_id,
            thread_id,
            tags,
            contact_reasons,
            has_unread,
            date_from,
            date_before,
            last_message_from,
            last_message_before,
        } = self;
        is_opened.is_none_or(|is_opened| ticket.is_opened == is_opened)
            && (channels.is_empty() || channels.contains(&ticket.channel))
            && (assignees.is_empty() || assignees.iter().any(|assignee| assignee.matches(ticket)))
            && customer_id.is_none_or(|customer| ticket.customer_id == customer)
            && thread_id.as_ref().is_none_or(|id| !id.is_empty() && ticket.thread_id.as_ref() == Some(id))
            && tags.iter().all(|tag| ticket.tags.contains(tag))
            && (contact_reasons.is_empty()
                || ticket.contact_reason.as_ref().is_some_and(|reason| contact_reasons.contains(reason)))
            && has_unread.is_none_or(|has_unread| (ticket.unread_count > 0) == has_unread)
            && date_from.is_none_or(|from| from <= ticket.date)
            && date_before.is_none_or(|before| ticket.date < before)
            && last_message_from.is_none_or(|from| from <= ticket.last_message_time)
            && last_message_before.is_none_or(|before| ticket.last_message_time < before)
    }
}

impl AssigneeFilter {
    /// Returns the users among these.
    pub fn users(assignees: &[Self]) -> impl Iterator<Item = UserId> {
        assignees.iter().filter_map(|assignee| match assignee {
            Self::User(user) => Some(*user),
            Self::Unassigned => None,
        })
    }

    fn matches(self, ticket: &Ticket) -> bool {
        match self {
            Self::Unassigned => ticket.assigned_to.is_none(),
            Self::User(user) => ticket.assigned_to == Some(user),
        }
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

    fn user(id: i64) -> AssigneeFilter {
        UserId::new(id).map(AssigneeFilter::User).unwrap()
    }

    #[test]
    fn every_condition_matches_or_not() {
        let any = TicketFilter::default;
        let text = |text: &str| vec![text.to_owned()];
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let thread = |id: &str| Some(id.to_owned());
        assert!(any().matches(&ticket()));
        for (expected, filter) in [
            (true, TicketFilter { is_opened: Some(true), ..any() }),
            (false, TicketFilter { is_opened: Some(false), ..any() }),
            (true, TicketFilter { channels: text("Mail"), ..any() }),
            (false, TicketFilter { channels: text("mail"), ..any() }),
            (true, TicketFilter { channels: texts(&["Chat", "Mail"]), ..any() }),
            (false, TicketFilter { channels: texts(&["Chat", "Mail,Chat"]), ..any() }),
            (true, TicketFilter { assignees: vec![user(2)], ..any() }),
            (false, TicketFilter { assignees: vec![user(1)], ..any() }),
            (true, TicketFilter { assignees: vec![AssigneeFilter::Unassigned, user(1), user(2)], ..any() }),
            (false, TicketFilter { assignees: vec![AssigneeFilter::Unassigned], ..any() }),
            (true, TicketFilter { customer_id: CustomerId::new(1), ..any() }),
            (false, TicketFilter { customer_id: CustomerId::new(2), ..any() }),
            (true, TicketFilter { thread_id: thread("t1"), ..any() }),
            (true, TicketFilter { thread_id: thread("t1"), customer_id: CustomerId::new(1), ..any() }),
            (false, TicketFilter { thread_id: thread("t1"), customer_id: CustomerId::new(2), ..any() }),
            (false, TicketFilter { thread_id: thread("t2"), ..any() }),
            (true, TicketFilter { tags: text("vip"), ..any() }),
            (false, TicketFilter { tags: text("vi"), ..any() }),
            (true, TicketFilter { tags: texts(&["vip", "new", "vip"]), ..any() }),
            (false, TicketFilter { tags: texts(&["vip", "old"]), ..any() }),
            (true, TicketFilter { contact_reasons: text("refund"), ..any() }),
            (false, TicketFilter { contact_reasons: text("Refund"), ..any() }),
            (true, TicketFilter { contact_reasons: texts(&["late", "refund"]), ..any() }),
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
            (false, TicketFilter { channels: text("Mail"), tags: text("old"), ..any() }),
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
            TicketFilter { assignees: vec![AssigneeFilter::Unassigned], has_unread: Some(false), ..any() }
                .matches(&empty)
        );
        for filter in [
            TicketFilter { assignees: vec![user(2)], ..any() },
            TicketFilter { thread_id: Some("t1".into()), ..any() },
            TicketFilter { tags: vec!["vip".into()], ..any() },
            TicketFilter { contact_reasons: vec!["refund".into(), String::new()], ..any() },
            TicketFilter { has_unread: Some(true), ..any() },
        ] {
            assert!(!filter.matches(&empty), "{filter:?}");
        }
    }

    #[test]
    fn the_empty_thread_id_is_no_thread() {
        let ticket = Ticket { thread_id: Some(String::new()), ..ticket() };
        let empty = Some(String::new());
        assert!(!TicketFilter { thread_id: empty, ..TicketFilter::default() }.matches(&ticket));
    }
}
