//! A comment as it is stored.

use anyhow::Context;
use hexdesk_domain::{Comment, CommentId, NewComment, Ticket, Timestamp, UserId};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredComment {
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
    /// The comment on this ticket, whose channel it takes if it has none.
    pub(super) fn of(new: NewComment, ticket: &Ticket) -> Self {
        Self {
            text: new.text,
            channel: new.channel.unwrap_or_else(|| ticket.channel.clone()),
            is_from_shop: new.is_from_shop,
            author_id: new.author_id.map(UserId::get),
            subject: new.subject,
            from_email: new.from_email,
            to_emails: new.to_emails,
            attachments: new.attachments,
            tags: new.tags,
        }
    }

    /// The comment on this ticket. Its customer is the ticket's, and is kept only there.
    pub(super) fn into_comment(
        self,
        ticket: &Ticket,
        time: Timestamp,
        id: CommentId,
    ) -> anyhow::Result<Comment> {
        let user = |number| UserId::new(number).context("a stored user number is out of range");
        Ok(Comment {
            id,
            shop_id: ticket.shop_id,
            ticket_id: ticket.id,
            customer_id: ticket.customer_id,
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
