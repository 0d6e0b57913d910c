//! The use cases: create and change saved replies.

use std::sync::Arc;

use crate::ports::{Clock, CreateSavedReplyOutcome, SavedReplyStore, TicketIdSource};
use crate::{
    CommandError, SavedReply, SavedReplyDraft, SavedReplyId, ShopId, StorageError, TicketIdsExhausted,
    Violations,
};

/// Creates and changes saved replies: checks the draft, then stores it.
#[derive(Clone)]
pub struct ManageSavedReplies {
    store: Arc<dyn SavedReplyStore>,
    ids: Arc<dyn TicketIdSource>,
    clock: Arc<dyn Clock>,
}

/// The reason why no saved reply was created.
#[derive(Debug, thiserror::Error)]
pub enum CreateSavedReplyError {
    /// The draft breaks rules.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// No unique id can be created now.
    #[error(transparent)]
    Ids(#[from] TicketIdsExhausted),
    /// The store failed. The caller acts on the kind of the error.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ManageSavedReplies {
    /// Connects the use cases to these ports.
    pub fn new(store: Arc<dyn SavedReplyStore>, ids: Arc<dyn TicketIdSource>, clock: Arc<dyn Clock>) -> Self {
        Self { store, ids, clock }
    }

    /// Creates a saved reply of the shop. A form names the `id` that [`Self::next_id`] returned for it, so
    /// that it takes effect once. Without `id`, the reply gets a new one.
    ///
    /// # Errors
    /// [`CreateSavedReplyError`]. Nothing was written, except perhaps if the store fails with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn create(
        &self,
        shop: ShopId,
        id: Option<SavedReplyId>,
        draft: SavedReplyDraft,
    ) -> Result<CreateSavedReplyOutcome, CreateSavedReplyError> {
        let reply = draft.into_new()?;
        let id = id.map_or_else(|| self.next_id(), Ok)?;
        Ok(self.store.create_saved_reply(shop, id, reply, self.clock.now()).await?)
    }

    /// Returns an id for a form.
    ///
    /// # Errors
    /// [`TicketIdsExhausted`] if no unique id can be created now.
    pub fn next_id(&self) -> Result<SavedReplyId, TicketIdsExhausted> {
        self.ids.next_saved_reply_id(self.clock.now())
    }

    /// Changes a saved reply of the shop. Returns `None` if the shop has no such reply.
    ///
    /// # Errors
    /// [`CommandError`].
    pub async fn update(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        draft: SavedReplyDraft,
    ) -> Result<Option<SavedReply>, CommandError> {
        let reply = draft.into_new()?;
        Ok(self.store.update_saved_reply(shop, id, reply, self.clock.now()).await?)
    }
}
