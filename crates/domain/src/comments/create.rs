//! The use case: create a comment.

use std::sync::Arc;

use crate::ports::{Clock, CommentCreation, CommentStore, CreateCommentOutcome, TicketIdSource};
use crate::{
    Caller, CommentDraft, DeferredClaim, IdempotencyRequest, IdempotentOutcome, RenderReceipt, StorageError,
    StorageErrorKind, TicketId, TicketIdsExhausted, Violations,
};

/// Creates comments: checks and completes the draft, then stores it.
#[derive(Clone)]
pub struct CreateComment {
    store: Arc<dyn CommentStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn TicketIdSource>,
}

/// The reason why creating a comment has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum CreateCommentError {
    /// The draft breaks rules.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// No id is available now. Nothing was written.
    #[error(transparent)]
    IdsExhausted(#[from] TicketIdsExhausted),
    /// The store failed. The caller acts on the kind of the error.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl CreateComment {
    /// Connects the use case to these ports.
    pub fn new(store: Arc<dyn CommentStore>, clock: Arc<dyn Clock>, ids: Arc<dyn TicketIdSource>) -> Self {
        Self { store, clock, ids }
    }

    /// Creates a comment on the shop's ticket. Its author is the caller's user, if the caller
    /// has one. If `expected_version` is given, the ticket must have that version. `receipt` renders the response to store with an idempotency request, or
    /// `None` if the outcome leaves no record.
    ///
    /// # Errors
    /// [`CreateCommentError`]. Nothing was written, except perhaps if the store fails with
    /// [`OutcomeUnknown`](StorageErrorKind::OutcomeUnknown).
    pub async fn execute(
        &self,
        caller: Caller,
        ticket: TicketId,
        draft: CommentDraft,
        expected_version: Option<i64>,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<CreateCommentOutcome>,
    ) -> Result<IdempotentOutcome<CreateCommentOutcome>, CreateCommentError> {
        let now = self.clock.now();
        let id = self.ids.next_comment_id(now)?;
        let comment = draft.into_new(id, caller.shop, ticket, caller.actor.user_id(), now)?;
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let stamp = caller.stamp(now);
        let creation = CommentCreation { comment, stamp, expected_version, claim };
        let outcomes = self.store.create_comments(vec![creation]).await?;
        outcomes.into_iter().next().ok_or_else(|| {
            CreateCommentError::Storage(StorageError::new(
                StorageErrorKind::Unexpected,
                "create_comments",
                anyhow::anyhow!("the store returned no outcome (COMMENT-2)"),
            ))
        })
    }
}
