use crate::{CommentId, TicketId, TicketIdsExhausted, Timestamp};

/// Tells the time. Nothing else in the domain does.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Makes ticket ids. Nothing else in the domain does.
pub trait TicketIdSource: Send + Sync {
    /// An id larger than every one made before, of tickets and comments alike.
    ///
    /// # Errors
    /// [`TicketIdsExhausted`] while no id can be made that is known to be unique.
    fn next_id(&self, now: Timestamp) -> Result<TicketId, TicketIdsExhausted>;

    /// The same for a comment.
    ///
    /// # Errors
    /// As [`Self::next_id`].
    fn next_comment_id(&self, now: Timestamp) -> Result<CommentId, TicketIdsExhausted> {
        // Both hold every positive 64-bit number.
        self.next_id(now).and_then(|id| CommentId::new(id.get()).ok_or(TicketIdsExhausted))
    }
}
