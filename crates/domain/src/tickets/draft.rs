//! Drafts of tickets and their rules.

use oxilangtag::LanguageTag;
use validator::{Validate, ValidationError};

use crate::limits::{
    MAX_CHANNEL_CHARS, MAX_CONTACT_REASON_CHARS, MAX_EMAIL_CHARS, MAX_LANGUAGE_CODE_CHARS, MAX_MESSAGE_CHARS,
    MAX_TAGS, MAX_THREAD_ID_CHARS, MAX_TICKET_NAME_CHARS, MAX_UNREAD_COUNT, MAX_VIA_CHARS,
};
use crate::validation::email::email_address;
use crate::validation::text_rules::{every_tag_fits, no_nul, not_blank};
use crate::validation::violation::{Violations, check, code, required};
use crate::{CustomerId, Field, ShopId, Ticket, TicketId, Timestamp, UserId, Violation};

/// A requested ticket: unchecked, without defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Validate)]
pub struct TicketDraft {
    /// Required: a customer of the shop, which the store checks.
    #[validate(required)]
    pub customer_id: Option<CustomerId>,
    /// Required, not blank, at most [`MAX_CHANNEL_CHARS`].
    #[validate(required, length(max = MAX_CHANNEL_CHARS), custom(function = "not_blank"), custom(function = "no_nul"))]
    pub channel: Option<String>,
    /// At most [`MAX_TICKET_NAME_CHARS`].
    #[validate(length(max = MAX_TICKET_NAME_CHARS), custom(function = "no_nul"))]
    pub name: Option<String>,
    /// At most [`MAX_THREAD_ID_CHARS`].
    #[validate(length(max = MAX_THREAD_ID_CHARS), custom(function = "no_nul"))]
    pub thread_id: Option<String>,
    /// An e-mail address of at most [`MAX_EMAIL_CHARS`].
    #[validate(custom(function = "email_address"), length(max = MAX_EMAIL_CHARS), custom(function = "no_nul"))]
    pub email_used: Option<String>,
    /// Default: now.
    pub date: Option<Timestamp>,
    /// At most [`MAX_MESSAGE_CHARS`].
    #[validate(length(max = MAX_MESSAGE_CHARS), custom(function = "no_nul"))]
    pub last_message: Option<String>,
    /// Default: now.
    pub last_message_time: Option<Timestamp>,
    /// At most [`MAX_CONTACT_REASON_CHARS`].
    #[validate(length(max = MAX_CONTACT_REASON_CHARS), custom(function = "no_nul"))]
    pub contact_reason: Option<String>,
    /// A user of the shop, which the store checks.
    pub assigned_to: Option<UserId>,
    /// Whether to open a human ticket.
    pub is_opened: bool,
    /// 0 to [`MAX_UNREAD_COUNT`]. Default: 0.
    #[validate(range(min = 0, max = MAX_UNREAD_COUNT))]
    pub unread_count: Option<i64>,
    /// At most [`MAX_TAGS`] of at most [`MAX_TAG_CHARS`](crate::limits::MAX_TAG_CHARS). Default:
    /// none.
    #[validate(length(max = MAX_TAGS), custom(function = "every_tag_fits"))]
    pub tags: Option<Vec<String>>,
    /// A BCP 47 language tag of at most [`MAX_LANGUAGE_CODE_CHARS`], in which `_` may replace `-`.
    #[validate(length(max = MAX_LANGUAGE_CODE_CHARS), custom(function = "language_tag"))]
    pub language_code: Option<String>,
    /// At most [`MAX_VIA_CHARS`].
    #[validate(length(max = MAX_VIA_CHARS), custom(function = "no_nul"))]
    pub via: Option<String>,
}

impl TicketDraft {
    /// Returns every violation of the draft, one for each field or entry, in the order of
    /// [`Field`]. Returns none for a valid draft.
    pub fn violations(&self) -> Vec<Violation> {
        check(self).err().map(Into::into).unwrap_or_default()
    }

    /// Returns the complete ticket. Fills in defaults, and `now` for times.
    ///
    /// # Errors
    /// The violations that [`TicketDraft::violations`] returns.
    pub fn into_ticket(self, id: TicketId, shop_id: ShopId, now: Timestamp) -> Result<Ticket, Violations> {
        check(&self)?;
        Ok(Ticket {
            id,
            shop_id,
            customer_id: required(Field::CustomerId, self.customer_id)?,
            channel: required(Field::Channel, self.channel)?,
            name: self.name,
            thread_id: self.thread_id,
            email_used: self.email_used,
            date: self.date.unwrap_or(now),
            last_message: self.last_message,
            last_message_time: self.last_message_time.unwrap_or(now),
            initial_message: None,
            contact_reason: self.contact_reason,
            assigned_to: self.assigned_to,
            is_opened: self.is_opened,
            // Lossless: the check limits the number to the range of an i32.
            unread_count: self.unread_count.map_or(0, |count| i32::try_from(count).unwrap_or(i32::MAX)),
            tags: self.tags.unwrap_or_default(),
            language_code: self.language_code,
            via: self.via,
            version: 1,
        })
    }
}

fn language_tag(text: &str) -> Result<(), ValidationError> {
    LanguageTag::parse(text.replace('_', "-"))
        .map(|_| ())
        .map_err(|_| ValidationError::new(code::LANGUAGE_TAG))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rule;
    use crate::limits::MAX_TAG_CHARS;

    fn good() -> TicketDraft {
        TicketDraft {
            customer_id: CustomerId::new(123),
            channel: Some("Mail".into()),
            ..TicketDraft::default()
        }
    }

    fn rules(draft: &TicketDraft) -> Vec<(Field, Option<usize>, Rule)> {
        draft.violations().iter().map(|found| (found.field, found.index, found.rule)).collect()
    }

    #[test]
    fn an_empty_draft_lacks_the_required_fields() {
        assert_eq!(
            rules(&TicketDraft::default()),
            [(Field::CustomerId, None, Rule::Required), (Field::Channel, None, Rule::Required)]
        );
        assert_eq!(rules(&good()), []);
    }

    #[test]
    fn every_field_is_checked_and_reported_in_order() {
        let long = |chars: u64| Some("é".repeat(chars as usize + 1));
        let draft = TicketDraft {
            customer_id: None,
            channel: long(MAX_CHANNEL_CHARS),
            name: long(MAX_TICKET_NAME_CHARS),
            thread_id: long(MAX_THREAD_ID_CHARS),
            email_used: Some("no at sign".into()),
            last_message: long(MAX_MESSAGE_CHARS),
            contact_reason: long(MAX_CONTACT_REASON_CHARS),
            unread_count: Some(-1),
            tags: Some(vec!["x".into(); MAX_TAGS as usize + 1]),
            language_code: Some("english please".into()),
            via: long(MAX_VIA_CHARS),
            ..TicketDraft::default()
        };
        assert_eq!(
            rules(&draft),
            [
                (Field::CustomerId, None, Rule::Required),
                (Field::Channel, None, Rule::MaxLength(MAX_CHANNEL_CHARS)),
                (Field::Name, None, Rule::MaxLength(MAX_TICKET_NAME_CHARS)),
                (Field::ThreadId, None, Rule::MaxLength(MAX_THREAD_ID_CHARS)),
                (Field::ContactReason, None, Rule::MaxLength(MAX_CONTACT_REASON_CHARS)),
                (Field::Via, None, Rule::MaxLength(MAX_VIA_CHARS)),
                (Field::EmailUsed, None, Rule::Email),
                (Field::LastMessage, None, Rule::MaxLength(MAX_MESSAGE_CHARS)),
                (Field::UnreadCount, None, Rule::Range(0, MAX_UNREAD_COUNT)),
                (Field::Tags, None, Rule::MaxLength(MAX_TAGS)),
                (Field::LanguageCode, None, Rule::LanguageTag),
            ]
        );
    }

    #[test]
    fn limits_are_inclusive_and_count_characters() {
        let draft = TicketDraft {
            channel: Some("é".repeat(MAX_CHANNEL_CHARS as usize)),
            unread_count: Some(MAX_UNREAD_COUNT),
            tags: Some(vec!["🏷".repeat(MAX_TAG_CHARS as usize); MAX_TAGS as usize]),
            ..good()
        };
        assert_eq!(rules(&draft), []);
    }

    #[test]
    fn every_bad_tag_is_named_by_its_index() {
        let tags = vec!["fine".into(), "x".repeat(MAX_TAG_CHARS as usize + 1), "fine".into(), "a\0b".into()];
        assert_eq!(
            rules(&TicketDraft { tags: Some(tags), ..good() }),
            [(Field::Tags, Some(1), Rule::MaxLength(MAX_TAG_CHARS)), (Field::Tags, Some(3), Rule::NoNul)]
        );
    }

    #[test]
    fn no_text_may_have_nul() {
        let nul = || Some("a\0b".to_owned());
        let draft = TicketDraft {
            channel: nul(),
            name: nul(),
            thread_id: nul(),
            last_message: nul(),
            contact_reason: nul(),
            via: nul(),
            email_used: nul(),
            language_code: nul(),
            ..good()
        };
        let fields: Vec<Field> = draft.violations().iter().map(|found| found.field).collect();
        assert_eq!(
            fields,
            [
                Field::Channel,
                Field::Name,
                Field::ThreadId,
                Field::ContactReason,
                Field::Via,
                Field::EmailUsed,
                Field::LastMessage,
                Field::LanguageCode,
            ]
        );
    }

    #[test]
    fn a_name_may_be_blank_and_a_channel_may_not() {
        for blank in ["", " ", "\t\n", "\u{2003}"] {
            assert_eq!(
                rules(&TicketDraft { channel: Some(blank.into()), name: Some(blank.into()), ..good() }),
                [(Field::Channel, None, Rule::NotBlank)],
                "{blank:?}"
            );
        }
    }

    #[test]
    fn language_codes_are_bcp_47_with_either_separator() {
        for (code, allowed) in [
            ("en", true),
            ("en-GB", true),
            ("en_GB", true),
            ("zh_Hant_TW", true),
            ("x-private", true),
            ("", false),
            ("e", false),
            ("english please", false),
            ("en--GB", false),
            ("en-", false),
            ("français", false),
        ] {
            let draft = TicketDraft { language_code: Some(code.into()), ..good() };
            assert_eq!(draft.violations().is_empty(), allowed, "{code:?}");
        }
    }

    #[test]
    fn defaults_are_filled_in() {
        let now = Timestamp::from_unix_millis(1_777_000_000_123).unwrap();
        let (id, shop) = (TicketId::new(7).unwrap(), ShopId::new(1).unwrap());
        let ticket = good().into_ticket(id, shop, now).unwrap();
        assert_eq!((ticket.date, ticket.last_message_time), (now, now));
        assert_eq!((ticket.unread_count, ticket.is_opened, ticket.tags), (0, false, vec![]));
        assert_eq!(TicketDraft::default().into_ticket(id, shop, now).map_err(|found| found.len()), Err(2));
    }
}
