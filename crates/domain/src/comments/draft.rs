//! Drafts of comments and their rules.

use validator::Validate;

use crate::limits::{
    MAX_CHANNEL_CHARS, MAX_COMMENT_CHARS, MAX_COMMENT_SUBJECT_CHARS, MAX_EMAIL_CHARS, MAX_TAGS, MAX_TO_EMAILS,
};
use crate::validation::email::email_address;
use crate::validation::text_rules::{every_entry_fits, every_tag_fits, no_nul, not_blank};
use crate::validation::violation::{Violations, check};
use crate::{CommentId, Field, NewComment, Rule, ShopId, TicketId, Timestamp, UserId, Violation};

/// A requested comment: unchecked, without defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Validate)]
pub struct CommentDraft {
    /// At most [`MAX_COMMENT_CHARS`]. Required and not blank, unless there are attachments.
    #[validate(length(max = MAX_COMMENT_CHARS), custom(function = "no_nul"))]
    pub text: Option<String>,
    /// Default: now.
    pub time: Option<Timestamp>,
    /// Not blank, at most [`MAX_CHANNEL_CHARS`]. Default: the ticket's channel.
    #[validate(length(max = MAX_CHANNEL_CHARS), custom(function = "not_blank"), custom(function = "no_nul"))]
    pub channel: Option<String>,
    /// Whether the shop wrote it. Default: true.
    pub is_from_shop: Option<bool>,
    /// Whether it is an internal note. Default: false.
    pub is_note: Option<bool>,
    /// At most [`MAX_COMMENT_SUBJECT_CHARS`].
    #[validate(length(max = MAX_COMMENT_SUBJECT_CHARS), custom(function = "no_nul"))]
    pub subject: Option<String>,
    /// An e-mail address of at most [`MAX_EMAIL_CHARS`].
    #[validate(custom(function = "email_address"), length(max = MAX_EMAIL_CHARS), custom(function = "no_nul"))]
    pub from_email: Option<String>,
    /// At most [`MAX_TO_EMAILS`] of at most [`MAX_EMAIL_CHARS`]. Default: none.
    #[validate(length(max = MAX_TO_EMAILS), custom(function = "every_address_fits"))]
    pub to_emails: Option<Vec<String>>,
    /// JSON text.
    pub attachments: Option<String>,
    /// At most [`MAX_TAGS`] of at most [`MAX_TAG_CHARS`](crate::limits::MAX_TAG_CHARS). Default:
    /// none.
    #[validate(length(max = MAX_TAGS), custom(function = "every_tag_fits"))]
    pub tags: Option<Vec<String>>,
}

/// Returns the violation of a message that has neither a text nor attachments.
pub(super) fn missing_text(text: Option<&str>, attachments: Option<&str>) -> Option<Violation> {
    let rule = match text {
        _ if attachments.is_some_and(is_not_empty) => return None,
        None => Rule::Required,
        Some(text) if text.trim().is_empty() => Rule::NotBlank,
        Some(_) => return None,
    };
    Some(Violation { field: Field::Text, index: None, rule })
}

/// Whether a JSON text is a list with entries, an object with members, or a text with characters.
fn is_not_empty(json: &str) -> bool {
    let inside = |begin, end| json.trim().strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
    [('[', ']'), ('{', '}')]
        .iter()
        .any(|(begin, end)| inside(*begin, *end).is_some_and(|it| !it.trim().is_empty()))
        || inside('"', '"').is_some_and(|text| !text.is_empty())
}

fn every_address_fits(addresses: &[String]) -> Result<(), validator::ValidationError> {
    every_entry_fits(addresses, MAX_TO_EMAILS, MAX_EMAIL_CHARS)
}

impl CommentDraft {
    /// Returns every violation, as [`TicketDraft::violations`](crate::TicketDraft::violations).
    pub fn violations(&self) -> Vec<Violation> {
        self.check().err().map(Into::into).unwrap_or_default()
    }

    fn check(&self) -> Result<(), Violations> {
        let mut found: Vec<Violation> = check(self).err().map(Into::into).unwrap_or_default();
        found.extend(missing_text(self.text.as_deref(), self.attachments.as_deref()));
        Violations::none_of(found)
    }

    /// Returns the complete comment. Fills in defaults, and `now` for its time.
    ///
    /// # Errors
    /// The violations that [`CommentDraft::violations`] returns.
    pub fn into_new(
        self,
        id: CommentId,
        shop_id: ShopId,
        ticket_id: TicketId,
        author_id: Option<UserId>,
        now: Timestamp,
    ) -> Result<NewComment, Violations> {
        self.check()?;
        Ok(NewComment {
            id,
            shop_id,
            ticket_id,
            text: self.text.unwrap_or_default(),
            time: self.time.unwrap_or(now),
            channel: self.channel,
            is_from_shop: self.is_from_shop.unwrap_or(true),
            is_note: self.is_note.unwrap_or(false),
            author_id,
            subject: self.subject,
            from_email: self.from_email,
            to_emails: self.to_emails.unwrap_or_default(),
            attachments: self.attachments,
            tags: self.tags.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(draft: &CommentDraft) -> Vec<(Field, Option<usize>, Rule)> {
        draft.violations().iter().map(|found| (found.field, found.index, found.rule)).collect()
    }

    #[test]
    fn a_text_is_required_and_not_blank() {
        assert_eq!(rules(&CommentDraft::default()), [(Field::Text, None, Rule::Required)]);
        for blank in ["", " \n"] {
            let draft = CommentDraft { text: Some(blank.into()), ..CommentDraft::default() };
            assert_eq!(rules(&draft), [(Field::Text, None, Rule::NotBlank)]);
        }
    }

    #[test]
    fn attachments_need_no_text() {
        for attachments in
            ["[{}]", "[null]", " [ {\"url\": \"https://cdn.example/photo.jpg\"} ]", "{\"a\":1}", "\" \""]
        {
            for text in [None, Some(""), Some(" \n"), Some("See the photo")] {
                let text = text.map(str::to_owned);
                let draft =
                    CommentDraft { text, attachments: Some(attachments.into()), ..CommentDraft::default() };
                assert_eq!(rules(&draft), [], "{attachments}");
            }
        }
        for nothing in ["[]", " [ ] ", "{}", "{\n}", "\"\"", "null", "false", "0", ""] {
            let draft = CommentDraft { attachments: Some(nothing.into()), ..CommentDraft::default() };
            assert_eq!(rules(&draft), [(Field::Text, None, Rule::Required)], "{nothing}");
            let draft = CommentDraft { text: Some(" ".into()), ..draft };
            assert_eq!(rules(&draft), [(Field::Text, None, Rule::NotBlank)], "{nothing}");
        }
    }

    #[test]
    fn every_field_is_checked() {
        let draft = CommentDraft {
            text: Some("é".repeat(MAX_COMMENT_CHARS as usize + 1)),
            channel: Some(" ".into()),
            subject: Some("a\0".into()),
            from_email: Some("nobody".into()),
            to_emails: Some(vec!["a@example.com".into(), "x".repeat(MAX_EMAIL_CHARS as usize + 1)]),
            tags: Some(vec!["x".into(); MAX_TAGS as usize + 1]),
            ..CommentDraft::default()
        };
        assert_eq!(
            rules(&draft),
            [
                (Field::Channel, None, Rule::NotBlank),
                (Field::Tags, None, Rule::MaxLength(MAX_TAGS)),
                (Field::Text, None, Rule::MaxLength(MAX_COMMENT_CHARS)),
                (Field::Subject, None, Rule::NoNul),
                (Field::FromEmail, None, Rule::Email),
                (Field::ToEmails, Some(1), Rule::MaxLength(MAX_EMAIL_CHARS)),
            ]
        );
    }

    #[test]
    fn defaults_are_filled_in() {
        let draft = CommentDraft { text: Some("Hello".into()), ..CommentDraft::default() };
        let (id, shop) = (CommentId::new(1).unwrap(), ShopId::new(1).unwrap());
        let comment = draft.into_new(id, shop, TicketId::new(1).unwrap(), None, Timestamp::MAX).unwrap();
        assert_eq!((comment.time, comment.is_from_shop, comment.channel), (Timestamp::MAX, true, None));
    }
}
