//! The stored form of a comment.

use anyhow::Context;
use hexdesk_domain::{Comment, CommentId, CustomerId, ShopId, TicketId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// The parts of a comment that its key and its ticket hold, and its stored value does not. Its
/// customer is the ticket's.
pub(crate) struct CommentPlace {
    pub(crate) shop_id: ShopId,
    pub(crate) ticket_id: TicketId,
    pub(crate) customer_id: CustomerId,
    pub(crate) time: Timestamp,
    pub(crate) id: CommentId,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredComment {
    text: String,
    channel: String,
    is_from_shop: bool,
    author_id: Option<i64>,
    subject: Option<String>,
    from_email: Option<String>,
    to_emails: Vec<String>,
    attachments: Option<String>,
    tags: Vec<String>,
}

impl StoredComment {
    pub(crate) fn of(comment: Comment) -> Self {
        Self {
            text: comment.text,
            channel: comment.channel,
            is_from_shop: comment.is_from_shop,
            author_id: comment.author_id.map(UserId::get),
            subject: comment.subject,
            from_email: comment.from_email,
            to_emails: comment.to_emails,
            attachments: comment.attachments,
            tags: comment.tags,
        }
    }

    /// Returns the comment with these parts.
    pub(crate) fn into_comment(self, place: CommentPlace) -> anyhow::Result<Comment> {
        let user = |number| UserId::new(number).context("a stored user number is out of range");
        let CommentPlace { shop_id, ticket_id, customer_id, time, id } = place;
        Ok(Comment {
            id,
            shop_id,
            ticket_id,
            customer_id,
            text: self.text,
            time,
            channel: self.channel,
            is_from_shop: self.is_from_shop,
            author_id: self.author_id.map(user).transpose()?,
            subject: self.subject,
            from_email: self.from_email,
            to_emails: self.to_emails,
            attachments: self.attachments,
            tags: self.tags,
        })
    }
}
