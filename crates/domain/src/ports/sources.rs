use crate::{CommentId, SavedReplyId, TicketId, TicketIdsExhausted, Timestamp, WebhookId};

/// The clock. Nothing else in the domain reads the time.
pub trait Clock: Send + Sync {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}

/// Creates ids of tickets, comments, webhooks and saved replies. Nothing else in the domain does.
pub trait TicketIdSource: Send + Sync {
    /// Returns an id larger than every id it returned before, of tickets, comments and webhooks alike.
    ///
    /// # Errors
    /// [`TicketIdsExhausted`] if no unique id can be created now.
    fn next_id(&self, now: Timestamp) -> Result<TicketId, TicketIdsExhausted>;

    /// Returns the same for a comment.
    ///
    /// # Errors
    /// As [`Self::next_id`].
    fn next_comment_id(&self, now: Timestamp) -> Result<CommentId, TicketIdsExhausted> {
        // Both types hold every positive 64-bit number.
        self.next_id(now).and_then(|id| CommentId::new(id.get()).ok_or(TicketIdsExhausted))
    }

    /// Returns the same for a webhook.
    ///
    /// # Errors
    /// As [`Self::next_id`].
    fn next_webhook_id(&self, now: Timestamp) -> Result<WebhookId, TicketIdsExhausted> {
        self.next_id(now).and_then(|id| WebhookId::new(id.get()).ok_or(TicketIdsExhausted))
    }

    /// Returns the same for a saved reply.
    ///
    /// # Errors
    /// As [`Self::next_id`].
    fn next_saved_reply_id(&self, now: Timestamp) -> Result<SavedReplyId, TicketIdsExhausted> {
        self.next_id(now).and_then(|id| SavedReplyId::new(id.get()).ok_or(TicketIdsExhausted))
    }
}
