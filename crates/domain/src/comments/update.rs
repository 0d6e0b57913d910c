//! The use case: change a comment.

use std::sync::Arc;

use crate::ports::{Clock, CommentStore, CommentUpdate, UpdateCommentOutcome};
use crate::{
    Caller, CommandError, CommentChanges, CommentId, DeferredClaim, IdempotencyRequest, IdempotentOutcome,
    RenderReceipt, TicketId,
};

/// Changes comments: checks the changes, then stores them.
#[derive(Clone)]
pub struct UpdateComment {
    store: Arc<dyn CommentStore>,
    clock: Arc<dyn Clock>,
}

impl UpdateComment {
    /// Connects the use case to these ports.
    pub fn new(store: Arc<dyn CommentStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Changes a comment of the shop's ticket. If `expected_version` is given, the ticket must have
    /// that version. `receipt` renders the response to store with an idempotency request, or
    /// `None` if the outcome leaves no record.
    ///
    /// # Errors
    /// [`CommandError`]. Nothing was written, except perhaps if the store fails with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn execute(
        &self,
        caller: Caller,
        (ticket, comment): (TicketId, CommentId),
        changes: CommentChanges,
        expected_version: Option<i64>,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<UpdateCommentOutcome>,
    ) -> Result<IdempotentOutcome<UpdateCommentOutcome>, CommandError> {
        changes.check()?;
        let now = self.clock.now();
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let update = CommentUpdate { changes, expected_version, stamp: caller.stamp(now) };
        Ok(self.store.update_comment(caller.shop, ticket, comment, update, claim).await?)
    }
}
