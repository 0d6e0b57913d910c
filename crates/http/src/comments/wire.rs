//! The JSON of comments.

use hexdesk_domain::limits::{
    MAX_CHANNEL_CHARS, MAX_COMMENT_CHARS, MAX_COMMENT_SUBJECT_CHARS, MAX_EMAIL_CHARS, MAX_TAG_CHARS,
    MAX_TAGS, MAX_TO_EMAILS,
};
use hexdesk_domain::{Comment, CommentChanges, CommentDraft, CommentView, Field};
use serde::Serialize;
use serde_json::value::RawValue;
#[cfg(test)]
use utoipa::ToSchema;

use crate::json_members::kinds::{self, Attachments, Flag, LenientFlag, LenientTexts, Text, Texts};
use crate::json_members::{Body, Member, Members};
use crate::json_values::{LongId, Time};
#[cfg(test)]
use crate::openapi::schemas::Attachment;
use crate::person_json::{CustomerSummary, UserSummary};

const TEXT: Member<Text> = Member::new(Field::Text, "text", Text::UpTo(MAX_COMMENT_CHARS), "The message.");
const TIME: Member<kinds::Time> = Member::new(Field::Time, "time", kinds::Time, "When it was written.");
const SUBJECT: Member<Text> =
    Member::new(Field::Subject, "subject", Text::UpTo(MAX_COMMENT_SUBJECT_CHARS), "Its subject.");
const FROM_EMAIL: Member<Text> =
    Member::new(Field::FromEmail, "fromEmail", Text::Email, "The address it was sent from.");
const TO_EMAILS: Member<LenientTexts> = Member::new(
    Field::ToEmails,
    "toEmails",
    LenientTexts(Texts { max: MAX_TO_EMAILS, max_chars: MAX_EMAIL_CHARS }),
    "The addresses it was sent to.",
);
const ATTACHMENTS: Member<Attachments> =
    Member::new(Field::Attachments, "attachments", Attachments, "Its attachments, as given.");
const TAGS: Member<Texts> = Member::new(
    Field::Tags,
    "tags",
    Texts { max: MAX_TAGS, max_chars: MAX_TAG_CHARS },
    "Its tags, in the order given.",
);
const CHANNEL: Member<Text> =
    Member::new(Field::Channel, "Channel", Text::NotBlank(MAX_CHANNEL_CHARS), "Where it was written.");
const IS_FROM_SHOP: Member<LenientFlag> = Member::new(
    Field::IsFromShop,
    "isFromShop",
    LenientFlag { otherwise: true },
    "Whether the shop wrote it, and not the customer.",
);

const IS_NOTE: Member<Flag> = Member::new(
    Field::IsNote,
    "isNote",
    Flag,
    "Whether it is an internal note, which is not for the customer. A note changes neither the ticket's last message nor \
     its unread count.",
);

/// The body that creates a comment.
pub(crate) static NEW_COMMENT: Body<CommentDraft> = Body::create("NewComment", "Comment", draft);

/// Reads the draft from the members.
pub(crate) fn draft(members: &mut Members) -> CommentDraft {
    CommentDraft {
        text: members
            .optional_or_empty(TEXT.remark("Required and not blank, unless `attachments` is not empty.")),
        time: members.optional(TIME.remark("The default is now.")),
        subject: members.optional(SUBJECT),
        from_email: members.optional(FROM_EMAIL),
        to_emails: members.optional(TO_EMAILS),
        attachments: members.optional(ATTACHMENTS),
        tags: members.optional(TAGS),
        channel: members.optional(CHANNEL.remark("The default is the ticket's channel.")),
        is_from_shop: members.optional(IS_FROM_SHOP),
        is_note: members.optional(IS_NOTE.remark("The default is `false`.")),
    }
}

/// The body that changes a comment.
pub(crate) static COMMENT_CHANGES: Body<CommentChanges> = Body::change("CommentChanges", "Comment", changes);

/// Reads the changes from the members.
pub(crate) fn changes(members: &mut Members) -> CommentChanges {
    CommentChanges {
        text: members
            .change(TEXT.remark("`null` is an empty text, which only a comment with `attachments` may have."))
            .map(Option::unwrap_or_default),
        tags: members
            .change(TAGS.remark("They replace all its tags. `null` removes all."))
            .map(Option::unwrap_or_default),
        is_note: members.change(IS_NOTE.remark("`null` is `false`.")).map(Option::unwrap_or_default),
    }
}

/// `{"success":true,"comment":{…}}`
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct CommentAnswer<'a> {
    /// Always `true`.
    success: bool,
    /// The comment.
    comment: CommentViewJson<'a>,
}

impl<'a> CommentAnswer<'a> {
    pub(crate) fn new(view: &'a CommentView) -> Self {
        Self { success: true, comment: CommentViewJson::new(view) }
    }
}

/// `{"success":true,"comments":[…],"totalCount":n,"next_cursor":…}`
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct CommentsAnswer<'a> {
    /// Always `true`.
    pub(crate) success: bool,
    /// The comments of this page.
    pub(crate) comments: Vec<CommentViewJson<'a>>,
    /// The number of comments of the ticket.
    #[serde(rename = "totalCount")]
    pub(crate) total_count: u64,
    /// The `cursor` of the next page; `null` on the last.
    pub(crate) next_cursor: Option<&'a str>,
}

/// A comment without the people it names.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = Comment))]
pub(crate) struct CommentJson<'a> {
    /// Its id.
    id: LongId,
    /// The ticket that it belongs to.
    #[serde(rename = "ticketId")]
    ticket_id: LongId,
    text: &'a str,
    time: Time,
    #[serde(rename = "Channel")]
    channel: &'a str,
    #[serde(rename = "isFromShop")]
    is_from_shop: bool,
    #[serde(rename = "isNote")]
    is_note: bool,
    subject: Option<&'a str>,
    #[serde(rename = "fromEmail")]
    from_email: Option<&'a str>,
    #[serde(rename = "toEmails")]
    to_emails: &'a [String],
    #[cfg_attr(test, schema(value_type = Option<Vec<Attachment>>))]
    attachments: Option<&'a RawValue>,
    tags: &'a [String],
}

impl<'a> CommentJson<'a> {
    pub(crate) fn new(comment: &'a Comment) -> Self {
        let Comment {
            id,
            shop_id: _,
            ticket_id,
            customer_id: _,
            text,
            time,
            channel,
            is_from_shop,
            is_note,
            author_id: _,
            subject,
            from_email,
            to_emails,
            attachments,
            tags,
        } = comment;
        Self {
            id: LongId(id.get()),
            ticket_id: LongId(ticket_id.get()),
            text,
            time: Time(*time),
            channel,
            is_from_shop: *is_from_shop,
            is_note: *is_note,
            subject: subject.as_deref(),
            from_email: from_email.as_deref(),
            to_emails,
            // The domain received it as JSON.
            attachments: attachments.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            tags,
        }
    }
}

/// A comment with the people it names.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = CommentWithPeople))]
pub(crate) struct CommentViewJson<'a> {
    /// The comment itself.
    #[serde(flatten)]
    comment: CommentJson<'a>,
    /// The ticket's customer.
    #[serde(rename = "Customer")]
    customer: CustomerSummary<'a>,
    /// The user of the key that created it; `null` if the key has none.
    #[serde(rename = "User")]
    author: Option<UserSummary<'a>>,
}

impl<'a> CommentViewJson<'a> {
    pub(crate) fn new(view: &'a CommentView) -> Self {
        Self {
            comment: CommentJson::new(&view.comment),
            customer: CustomerSummary::new(&view.customer),
            author: view.author.as_ref().map(UserSummary::new),
        }
    }
}
