//! How comments are spelled in JSON.

use hexdesk_domain::limits::{MAX_TAGS, MAX_TO_EMAILS};
use hexdesk_domain::{Comment, CommentDraft, CommentView, Field, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::json_members::{Members, Spelling};
use crate::json_text::as_text;
use crate::person_json::{CustomerSummary, UserSummary};

/// The members of the body that creates a comment.
pub(super) const COMMENT_MEMBERS: Spelling = &[
    (Field::Text, "text"),
    (Field::Time, "time"),
    (Field::Subject, "subject"),
    (Field::FromEmail, "fromEmail"),
    (Field::ToEmails, "toEmails"),
    (Field::Attachments, "attachments"),
    (Field::Tags, "tags"),
    (Field::Channel, "Channel"),
    (Field::IsFromShop, "isFromShop"),
];

/// The draft that the members make; what cannot be read stays absent, and is noted in them.
pub(super) fn draft(members: &mut Members) -> CommentDraft {
    CommentDraft {
        text: members.text(Field::Text),
        time: members.timestamp(Field::Time),
        subject: members.text(Field::Subject),
        from_email: members.text(Field::FromEmail),
        to_emails: members.texts_or_none(Field::ToEmails, MAX_TO_EMAILS),
        attachments: members.json(Field::Attachments),
        tags: members.texts(Field::Tags, MAX_TAGS),
        channel: members.text(Field::Channel),
        is_from_shop: members.flag_unless_false(Field::IsFromShop),
    }
}

/// `{"success":true,"comment":{…}}`
#[derive(Serialize, ToSchema)]
pub(super) struct CommentAnswer<'a> {
    /// Always true.
    success: bool,
    /// The comment.
    comment: CommentViewJson<'a>,
}

impl<'a> CommentAnswer<'a> {
    pub(super) fn new(view: &'a CommentView) -> Self {
        Self { success: true, comment: CommentViewJson::new(view) }
    }
}

/// `{"success":true,"comments":[…],"totalCount":n,"next_cursor":…}`
#[derive(Serialize, ToSchema)]
pub(super) struct CommentsAnswer<'a> {
    /// Always true.
    pub(super) success: bool,
    /// The comments of this page.
    pub(super) comments: Vec<CommentViewJson<'a>>,
    /// How many comments the ticket has.
    #[serde(rename = "totalCount")]
    pub(super) total_count: u64,
    /// The `cursor` of the next page; null on the last.
    #[schema(required)]
    pub(super) next_cursor: Option<&'a str>,
}

/// A comment without the people it names.
#[derive(Serialize, ToSchema)]
#[schema(as = Comment)]
pub(crate) struct CommentJson<'a> {
    /// Its id, a whole number of up to 64 bits.
    #[schema(value_type = String, pattern = "^[1-9][0-9]{0,18}$")]
    #[serde(serialize_with = "as_text")]
    id: i64,
    /// The ticket it is of.
    #[schema(value_type = String, pattern = "^[1-9][0-9]{0,18}$")]
    #[serde(rename = "ticketId", serialize_with = "as_text")]
    ticket_id: i64,
    /// What was written.
    text: &'a str,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    time: Timestamp,
    /// Where it was written.
    #[serde(rename = "Channel")]
    channel: &'a str,
    /// Whether the shop wrote it.
    #[serde(rename = "isFromShop")]
    is_from_shop: bool,
    /// Its subject.
    #[schema(required)]
    subject: Option<&'a str>,
    /// The address it was sent from.
    #[schema(required)]
    #[serde(rename = "fromEmail")]
    from_email: Option<&'a str>,
    /// The addresses it was sent to.
    #[serde(rename = "toEmails")]
    to_emails: &'a [String],
    /// What was attached, as it was given.
    #[schema(value_type = Value, required)]
    attachments: Option<&'a RawValue>,
    /// Its tags, in their order.
    tags: &'a [String],
}

impl<'a> CommentJson<'a> {
    pub(crate) fn new(comment: &'a Comment) -> Self {
        Self {
            id: comment.id.get(),
            ticket_id: comment.ticket_id.get(),
            text: &comment.text,
            time: comment.time,
            channel: &comment.channel,
            is_from_shop: comment.is_from_shop,
            subject: comment.subject.as_deref(),
            from_email: comment.from_email.as_deref(),
            to_emails: &comment.to_emails,
            // It was JSON when it came in.
            attachments: comment.attachments.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            tags: &comment.tags,
        }
    }
}

/// A comment with the people it names.
#[derive(Serialize, ToSchema)]
#[schema(as = CommentWithPeople)]
pub(super) struct CommentViewJson<'a> {
    /// The comment itself.
    #[serde(flatten)]
    comment: CommentJson<'a>,
    /// The ticket's customer.
    #[serde(rename = "Customer")]
    customer: CustomerSummary<'a>,
    /// The user who wrote it, if the key was one's.
    #[schema(required)]
    #[serde(rename = "User")]
    author: Option<UserSummary<'a>>,
}

impl<'a> CommentViewJson<'a> {
    pub(super) fn new(view: &'a CommentView) -> Self {
        Self {
            comment: CommentJson::new(&view.comment),
            customer: CustomerSummary::new(&view.customer),
            author: view.author.as_ref().map(UserSummary::new),
        }
    }
}
