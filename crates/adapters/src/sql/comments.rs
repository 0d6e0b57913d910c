//! Comments: their table and its rows.

use diesel::backend::Backend;
use diesel::dsl::AsSelect;
use diesel::prelude::{AsChangeset, Insertable, Queryable, Selectable, SelectableHelper};
use hexdesk_domain::{
    Comment, CommentChanges, CommentId, CommentPosition, CommentView, Customer, CustomerId, Message,
    NewComment, TicketId, UserId,
};
use serde::{Deserialize, Serialize};

use super::customers::CustomerRow;
use super::types::{StoredTexts, StoredTimestamp};
use super::users::UserRow;
use super::{CorruptRow, shop_id, user_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Instant, TextList};

    comments (shop_id, id) {
        shop_id -> BigInt,
        id -> BigInt,
        ticket_id -> BigInt,
        text -> Text,
        time -> Instant,
        channel -> Text,
        is_from_shop -> Bool,
        author_id -> Nullable<BigInt>,
        subject -> Nullable<Text>,
        from_email -> Nullable<Text>,
        to_emails -> TextList,
        attachments -> Nullable<Text>,
        tags -> TextList,
        is_note -> Bool,
    }
}

/// A comment, to insert and to read.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = comments, treat_none_as_default_value = false)]
pub(crate) struct CommentRow {
    pub(crate) shop_id: i64,
    pub(crate) id: i64,
    pub(crate) ticket_id: i64,
    pub(crate) text: String,
    pub(crate) time: StoredTimestamp,
    pub(crate) channel: String,
    pub(crate) is_from_shop: bool,
    // Snapshots of older versions have none.
    #[serde(default)]
    pub(crate) is_note: bool,
    pub(crate) author_id: Option<i64>,
    pub(crate) subject: Option<String>,
    pub(crate) from_email: Option<String>,
    pub(crate) to_emails: StoredTexts,
    pub(crate) attachments: Option<String>,
    pub(crate) tags: StoredTexts,
}

impl CommentRow {
    /// The row of a new comment on a ticket of this channel.
    pub(crate) fn new(comment: NewComment, ticket_channel: String) -> Self {
        Self {
            shop_id: comment.shop_id.get(),
            id: comment.id.get(),
            ticket_id: comment.ticket_id.get(),
            text: comment.text,
            time: StoredTimestamp(comment.time),
            channel: comment.channel.unwrap_or(ticket_channel),
            is_from_shop: comment.is_from_shop,
            is_note: comment.is_note,
            author_id: comment.author_id.map(UserId::get),
            subject: comment.subject,
            from_email: comment.from_email,
            to_emails: StoredTexts(comment.to_emails),
            attachments: comment.attachments,
            tags: StoredTexts(comment.tags),
        }
    }

    /// The row of an existing comment.
    pub(crate) fn of(comment: Comment) -> Self {
        Self {
            shop_id: comment.shop_id.get(),
            id: comment.id.get(),
            ticket_id: comment.ticket_id.get(),
            text: comment.text,
            time: StoredTimestamp(comment.time),
            channel: comment.channel,
            is_from_shop: comment.is_from_shop,
            is_note: comment.is_note,
            author_id: comment.author_id.map(UserId::get),
            subject: comment.subject,
            from_email: comment.from_email,
            to_emails: StoredTexts(comment.to_emails),
            attachments: comment.attachments,
            tags: StoredTexts(comment.tags),
        }
    }

    pub(crate) fn into_comment(self, customer_id: CustomerId) -> Result<Comment, CorruptRow> {
        Ok(Comment {
            id: CommentId::new(self.id).ok_or(CorruptRow("comment id"))?,
            shop_id: shop_id(self.shop_id)?,
            ticket_id: TicketId::new(self.ticket_id).ok_or(CorruptRow("ticket id"))?,
            customer_id,
            text: self.text,
            time: self.time.0,
            channel: self.channel,
            is_from_shop: self.is_from_shop,
            is_note: self.is_note,
            author_id: user_id(self.author_id)?,
            subject: self.subject,
            from_email: self.from_email,
            to_emails: self.to_emails.0,
            attachments: self.attachments,
            tags: self.tags.0,
        })
    }
}

/// A row of [`queries::other_messages`](super::queries::other_messages()).
pub(crate) type MessageRow = (StoredTimestamp, i64, String);

/// The message of a [`MessageRow`].
pub(crate) fn message((time, id, text): MessageRow) -> Result<Message, CorruptRow> {
    let id = CommentId::new(id).ok_or(CorruptRow("comment id"))?;
    Ok(Message { position: CommentPosition { time: time.0, id }, text })
}

/// A comment with its author and the customer of its ticket, as one row.
pub(crate) type CommentViewRow = (CommentRow, CustomerRow, Option<UserRow>);

/// The columns of a [`CommentViewRow`].
type CommentViewColumns<Database> =
    (AsSelect<CommentRow, Database>, AsSelect<CustomerRow, Database>, AsSelect<Option<UserRow>, Database>);

/// The columns to select for a [`CommentViewRow`].
pub(crate) fn comment_view_columns<Database: Backend>() -> CommentViewColumns<Database> {
    (CommentRow::as_select(), CustomerRow::as_select(), Option::<UserRow>::as_select())
}

/// The domain's view of a [`CommentViewRow`].
pub(crate) fn comment_view((comment, customer, author): CommentViewRow) -> Result<CommentView, CorruptRow> {
    let customer: Customer = customer.try_into()?;
    Ok(CommentView {
        comment: comment.into_comment(customer.id)?,
        customer,
        author: author.map(TryInto::try_into).transpose()?,
    })
}

/// The columns that an update of a comment sets: `None` leaves a column as it is.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = comments)]
pub(crate) struct CommentChangeset {
    text: Option<String>,
    tags: Option<StoredTexts>,
    is_note: Option<bool>,
}

impl From<CommentChanges> for CommentChangeset {
    fn from(CommentChanges { text, tags, is_note }: CommentChanges) -> Self {
        Self { text, tags: tags.map(StoredTexts), is_note }
    }
}
