//! The use case: create one comment.

use std::sync::Arc;

use crate::ports::{Clock, CommentCreation, CommentStore, CreateCommentOutcome, TicketIdSource};
use crate::{
    Caller, CommentDraft, DeferredClaim, IdempotencyRequest, IdempotentOutcome, RenderReceipt, StorageError,
    StorageErrorKind, TicketId, TicketIdsExhausted, Violation,
};

/// Creates comments: checks the draft, completes it, and has the store keep it.
#[derive(Clone)]
pub struct CreateComment {
    store: Arc<dyn CommentStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn TicketIdSource>,
}

/// Why no comment was attempted.
#[derive(Debug, thiserror::Error)]
pub enum CreateCommentError {
    /// The draft breaks rules: all of them, in the order of [`Field`](crate::Field).
    #[error("the comment breaks {} rules", .0.len())]
    Invalid(Vec<Violation>),
    /// No id can be made now; nothing was written.
    #[error(transparent)]
    IdsExhausted(#[from] TicketIdsExhausted),
    /// The store failed; its kind tells what that means.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl CreateComment {
    /// The use case on these ports.
    pub fn new(store: Arc<dyn CommentStore>, clock: Arc<dyn Clock>, ids: Arc<dyn TicketIdSource>) -> Self {
        Self { store, clock, ids }
    }

    /// Creates a comment on the shop's ticket, in the name of the caller's user if there is one.
    /// `receipt` renders what the caller is told of an outcome, to be kept with an
    /// idempotency request; `None` for a refusal.
    ///
    /// # Errors
    /// [`CreateCommentError`]; nothing was written unless the store failed with
    /// [`OutcomeUnknown`](StorageErrorKind::OutcomeUnknown).
    pub async fn execute(
        &self,
        caller: Caller,
        ticket: TicketId,
        draft: CommentDraft,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<CreateCommentOutcome>,
    ) -> Result<IdempotentOutcome<CreateCommentOutcome>, CreateCommentError> {
        let now = self.clock.now();
        let id = self.ids.next_comment_id(now)?;
        let comment = draft
            .into_new(id, caller.shop, ticket, caller.actor.user_id(), now)
            .map_err(CreateCommentError::Invalid)?;
        let once = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let stamp = caller.stamp(now);
        let attempts = self.store.create_comments(vec![CommentCreation { comment, stamp, once }]).await?;
        attempts.into_iter().next().ok_or_else(|| {
            CreateCommentError::Storage(StorageError::new(
                StorageErrorKind::Unexpected,
                "create_comments",
                anyhow::anyhow!("the store answered no attempt (COMMENT-2)"),
            ))
        })
    }
}
