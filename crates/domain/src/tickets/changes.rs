//! Requested changes to a ticket.

use crate::changes::set;
use crate::validation::violation::{Violations, check};
use crate::{CustomerId, Ticket, TicketDraft, Timestamp, UserId, Violation};

/// Requested changes to a ticket. `None` keeps a field as it is. `Some(None)` clears an optional
/// field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketChanges {
    /// A customer of the shop, which the store checks. Moves the ticket to this customer.
    pub customer_id: Option<CustomerId>,
    /// As in [`TicketDraft`].
    pub channel: Option<String>,
    /// As in [`TicketDraft`].
    pub thread_id: Option<Option<String>>,
    /// As in [`TicketDraft`].
    pub email_used: Option<Option<String>>,
    /// As in [`TicketDraft`].
    pub date: Option<Timestamp>,
    /// As in [`TicketDraft`].
    pub via: Option<Option<String>>,
    /// A user of the shop, which the store checks.
    pub assigned_to: Option<Option<UserId>>,
    /// As in [`TicketDraft`].
    pub name: Option<Option<String>>,
    /// As in [`TicketDraft`].
    pub tags: Option<Vec<String>>,
    /// As in [`TicketDraft`].
    pub contact_reason: Option<Option<String>>,
    /// As in [`TicketDraft`].
    pub language_code: Option<Option<String>>,
    /// Whether a person has to handle it. Opens or closes its human ticket.
    pub is_opened: Option<bool>,
    /// As in [`TicketDraft`].
    pub unread_count: Option<i32>,
    /// Corrects the time of its last message.
    pub last_message_time: Option<Timestamp>,
}

impl TicketChanges {
    /// Whether no change is requested.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Makes the changes and raises the version by one (TICKET-17). If the ticket already has every
    /// value, it and its version stay as they are (TICKET-18). The store opens or closes the human
    /// ticket with [`HumanTicket::transition`](crate::HumanTicket::transition).
    pub fn apply(self, ticket: &mut Ticket) {
        let before = ticket.clone();
        let Self {
            customer_id,
            channel,
            thread_id,
            email_used,
            date,
            via,
            assigned_to,
            name,
            tags,
            contact_reason,
            language_code,
            is_opened,
            unread_count,
            last_message_time,
        } = self;
        set(&mut ticket.customer_id, customer_id);
        set(&mut ticket.channel, channel);
        set(&mut ticket.thread_id, thread_id);
        set(&mut ticket.email_used, email_used);
        set(&mut ticket.date, date);
        set(&mut ticket.via, via);
        set(&mut ticket.assigned_to, assigned_to);
        set(&mut ticket.name, name);
        set(&mut ticket.tags, tags);
        set(&mut ticket.contact_reason, contact_reason);
        set(&mut ticket.language_code, language_code);
        set(&mut ticket.is_opened, is_opened);
        set(&mut ticket.unread_count, unread_count);
        if let Some(time) = last_message_time
            && time != ticket.last_message_time
        {
            ticket.replace_last_message(ticket.last_message.clone(), time);
        }
        if *ticket != before {
            ticket.version += 1;
        }
    }

    /// Whether the ticket lacks one of the values (TICKET-18).
    pub fn is_change_of(&self, ticket: &Ticket) -> bool {
        let mut after = ticket.clone();
        self.clone().apply(&mut after);
        after != *ticket
    }

    /// Returns the customer whom the ticket is moved to, if any. The store checks that the shop has the
    /// customer (TICKET-29).
    pub fn new_customer(&self, ticket: &Ticket) -> Option<CustomerId> {
        self.customer_id.filter(|customer| *customer != ticket.customer_id)
    }

    /// Returns the user whom the ticket is newly assigned to, if any. The store checks that the user
    /// is active (TICKET-21). The current assignee may stay without being active.
    pub fn new_assignee(&self, ticket: &Ticket) -> Option<UserId> {
        self.assigned_to.filter(|assignee| *assignee != ticket.assigned_to).flatten()
    }

    /// Returns every violation of the changes, as [`TicketDraft::violations`]. A new value must
    /// keep the rules of a new ticket.
    pub fn violations(&self) -> Vec<Violation> {
        self.check().err().map(Into::into).unwrap_or_default()
    }

    pub(crate) fn check(&self) -> Result<(), Violations> {
        // The others have no rules here.
        let Self {
            customer_id: _,
            channel,
            thread_id,
            email_used,
            date: _,
            via,
            assigned_to: _,
            name,
            tags,
            contact_reason,
            language_code,
            is_opened: _,
            unread_count,
            last_message_time: _,
        } = self.clone();
        check(&TicketDraft {
            // An existing ticket already has the required values.
            customer_id: CustomerId::new(1),
            channel: channel.or_else(|| Some("Mail".to_owned())),
            thread_id: thread_id.flatten(),
            email_used: email_used.flatten(),
            via: via.flatten(),
            name: name.flatten(),
            tags,
            contact_reason: contact_reason.flatten(),
            language_code: language_code.flatten(),
            unread_count: unread_count.map(i64::from),
            ..TicketDraft::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_TAGS, MAX_TICKET_NAME_CHARS, MAX_UNREAD_COUNT};
    use crate::{Field, InitialMessage, Rule, ShopId, TicketId};

    fn ticket() -> Ticket {
        let draft = TicketDraft {
            customer_id: CustomerId::new(1),
            channel: Some("Mail".into()),
            name: Some("Refund".into()),
            contact_reason: Some("refund".into()),
            assigned_to: UserId::new(2),
            is_opened: true,
            unread_count: Some(3),
            tags: Some(vec!["vip".into()]),
            language_code: Some("en".into()),
            ..TicketDraft::default()
        };
        draft.into_ticket(TicketId::new(1).unwrap(), ShopId::new(1).unwrap(), Timestamp::MIN).unwrap()
    }

    fn changed(changes: TicketChanges) -> Ticket {
        let mut changed = ticket();
        changes.apply(&mut changed);
        changed
    }

    #[test]
    fn every_change_is_made_alone_and_raises_the_version() {
        let none = TicketChanges::default;
        let raised = || Ticket { version: 2, ..ticket() };
        for (changes, expected) in [
            (
                TicketChanges { assigned_to: Some(UserId::new(9)), ..none() },
                Ticket { assigned_to: UserId::new(9), ..raised() },
            ),
            (TicketChanges { assigned_to: Some(None), ..none() }, Ticket { assigned_to: None, ..raised() }),
            (
                TicketChanges { name: Some(Some("Return".into())), ..none() },
                Ticket { name: Some("Return".into()), ..raised() },
            ),
            (TicketChanges { name: Some(None), ..none() }, Ticket { name: None, ..raised() }),
            (TicketChanges { tags: Some(vec![]), ..none() }, Ticket { tags: vec![], ..raised() }),
            (
                TicketChanges { contact_reason: Some(Some("return".into())), ..none() },
                Ticket { contact_reason: Some("return".into()), ..raised() },
            ),
            (
                TicketChanges { contact_reason: Some(None), ..none() },
                Ticket { contact_reason: None, ..raised() },
            ),
            (
                TicketChanges { language_code: Some(Some("fr".into())), ..none() },
                Ticket { language_code: Some("fr".into()), ..raised() },
            ),
            (
                TicketChanges { language_code: Some(None), ..none() },
                Ticket { language_code: None, ..raised() },
            ),
            (TicketChanges { is_opened: Some(false), ..none() }, Ticket { is_opened: false, ..raised() }),
            (TicketChanges { unread_count: Some(0), ..none() }, Ticket { unread_count: 0, ..raised() }),
            (
                TicketChanges { customer_id: CustomerId::new(3), ..none() },
                Ticket { customer_id: CustomerId::new(3).unwrap(), ..raised() },
            ),
            (
                TicketChanges { channel: Some("Chat".into()), ..none() },
                Ticket { channel: "Chat".into(), ..raised() },
            ),
            (
                TicketChanges { thread_id: Some(Some("t".into())), ..none() },
                Ticket { thread_id: Some("t".into()), ..raised() },
            ),
            (
                TicketChanges { email_used: Some(Some("a@example.com".into())), ..none() },
                Ticket { email_used: Some("a@example.com".into()), ..raised() },
            ),
            (
                TicketChanges { date: Some(Timestamp::MAX), ..none() },
                Ticket { date: Timestamp::MAX, ..raised() },
            ),
            (
                TicketChanges { via: Some(Some("v".into())), ..none() },
                Ticket { via: Some("v".into()), ..raised() },
            ),
            (
                TicketChanges { last_message_time: Some(Timestamp::MAX), ..none() },
                Ticket {
                    last_message_time: Timestamp::MAX,
                    initial_message: Some(InitialMessage { text: None, time: Timestamp::MIN }),
                    ..raised()
                },
            ),
        ] {
            assert_eq!(changed(changes.clone()), expected, "{changes:?}");
        }
    }

    #[test]
    fn current_values_leave_the_version() {
        assert_eq!(changed(TicketChanges::default()), ticket());
        let current = TicketChanges {
            assigned_to: Some(UserId::new(2)),
            name: Some(Some("Refund".into())),
            tags: Some(vec!["vip".into()]),
            contact_reason: Some(Some("refund".into())),
            language_code: Some(Some("en".into())),
            is_opened: Some(true),
            unread_count: Some(3),
            customer_id: CustomerId::new(1),
            channel: Some("Mail".into()),
            thread_id: Some(None),
            email_used: Some(None),
            date: Some(Timestamp::MIN),
            via: Some(None),
            last_message_time: Some(Timestamp::MIN),
        };
        assert_eq!(changed(current), ticket());
    }

    #[test]
    fn only_another_assignee_is_new() {
        let to = |user| TicketChanges { assigned_to: user, ..TicketChanges::default() };
        let users = [None, Some(None), Some(UserId::new(2)), Some(UserId::new(9))];
        let new = users.map(|user| to(user).new_assignee(&ticket()));
        assert_eq!(new, [None, None, None, UserId::new(9)]);
    }

    #[test]
    fn no_change_is_no_violation() {
        assert!(TicketChanges::default().is_empty());
        assert_eq!(TicketChanges::default().violations(), []);
        let cleared = TicketChanges {
            assigned_to: Some(None),
            name: Some(None),
            contact_reason: Some(None),
            language_code: Some(None),
            ..TicketChanges::default()
        };
        assert!(!cleared.is_empty());
        assert_eq!(cleared.violations(), []);
    }

    #[test]
    fn new_values_keep_the_rules_of_new_tickets() {
        let changes = TicketChanges {
            name: Some(Some("x".repeat(MAX_TICKET_NAME_CHARS as usize + 1))),
            tags: Some(vec!["x".into(); MAX_TAGS as usize + 1]),
            contact_reason: Some(Some("a\0".into())),
            language_code: Some(Some("english please".into())),
            unread_count: Some(-1),
            channel: Some(" ".into()),
            email_used: Some(Some("a".into())),
            via: Some(Some("a\0".into())),
            ..TicketChanges::default()
        };
        let rules: Vec<_> = changes.violations().iter().map(|found| (found.field, found.rule)).collect();
        assert_eq!(
            rules,
            [
                (Field::Channel, Rule::NotBlank),
                (Field::Name, Rule::MaxLength(MAX_TICKET_NAME_CHARS)),
                (Field::ContactReason, Rule::NoNul),
                (Field::Via, Rule::NoNul),
                (Field::EmailUsed, Rule::Email),
                (Field::UnreadCount, Rule::Range(0, MAX_UNREAD_COUNT)),
                (Field::Tags, Rule::MaxLength(MAX_TAGS)),
                (Field::LanguageCode, Rule::LanguageTag),
            ]
        );
    }
}
