//! What a caller wants to be otherwise about a ticket, and the checks it must pass.

use crate::{CustomerId, TicketDraft, UserId, Violation};

/// Changes to a ticket. What is `None` stays as it is; of the fields that a ticket may
/// lack, `Some(None)` takes the value away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketChanges {
    /// Must be a user of the shop, which the store checks.
    pub assigned_to: Option<Option<UserId>>,
    /// As in [`TicketDraft`].
    pub name: Option<Option<String>>,
    /// As in [`TicketDraft`].
    pub tags: Option<Vec<String>>,
    /// As in [`TicketDraft`].
    pub contact_reason: Option<Option<String>>,
    /// As in [`TicketDraft`].
    pub language_code: Option<Option<String>>,
    /// Whether a person is to handle it: opens or closes its human ticket.
    pub is_opened: Option<bool>,
    /// As in [`TicketDraft`].
    pub unread_count: Option<i32>,
}

impl TicketChanges {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Everything that is wrong with the changes, as [`TicketDraft::violations`]: a value
    /// must be such as a new ticket may have.
    pub fn violations(&self) -> Vec<Violation> {
        let draft = TicketDraft {
            // What a new ticket needs beside is taken for given.
            customer_id: CustomerId::new(1),
            channel: Some("Mail".to_owned()),
            name: self.name.clone().flatten(),
            tags: self.tags.clone(),
            contact_reason: self.contact_reason.clone().flatten(),
            language_code: self.language_code.clone().flatten(),
            unread_count: self.unread_count.map(i64::from),
            ..TicketDraft::default()
        };
        draft.violations()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_TAGS, MAX_TICKET_NAME_CHARS, MAX_UNREAD_COUNT};
    use crate::{Field, Rule};

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
    fn values_are_held_to_the_rules_of_new_tickets() {
        let changes = TicketChanges {
            name: Some(Some("x".repeat(MAX_TICKET_NAME_CHARS as usize + 1))),
            tags: Some(vec!["x".into(); MAX_TAGS as usize + 1]),
            contact_reason: Some(Some("a\0".into())),
            language_code: Some(Some("english please".into())),
            unread_count: Some(-1),
            ..TicketChanges::default()
        };
        let rules: Vec<_> = changes.violations().iter().map(|found| (found.field, found.rule)).collect();
        assert_eq!(
            rules,
            [
                (Field::Name, Rule::MaxLength(MAX_TICKET_NAME_CHARS)),
                (Field::ContactReason, Rule::NoNul),
                (Field::UnreadCount, Rule::Range(0, MAX_UNREAD_COUNT)),
                (Field::Tags, Rule::MaxLength(MAX_TAGS)),
                (Field::LanguageCode, Rule::LanguageTag),
            ]
        );
    }
}
