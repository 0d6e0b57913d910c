//! Creations: the properties of tickets and comments that the writer needs.

use async_trait::async_trait;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome, CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{CommentStore, IdempotentOutcome, ShopId, StorageError, TextBytes, TicketStore};

/// An item to create.
#[async_trait]
pub(super) trait Creation: Clone + Send + Sync + 'static {
    /// The port with the method that creates it.
    type Store: Send + Sync + ?Sized + 'static;
    /// The outcome of its creation.
    type Outcome: Send + 'static;
    /// The name of the method.
    const OPERATION: &'static str;

    /// The shop that it belongs to.
    fn shop(&self) -> ShopId;

    /// The bytes of its texts, approximately.
    fn bytes(&self) -> usize;

    /// Creates a batch of them.
    async fn create(store: &Self::Store, batch: Vec<Self>) -> Result<Vec<Self::Outcome>, StorageError>;

    /// The outcome after a write of unknown outcome; `None` if it cannot be determined.
    async fn look_up(&self, store: &Self::Store) -> Result<Option<Self::Outcome>, StorageError>;
}

#[async_trait]
impl Creation for TicketCreation {
    type Store = dyn TicketStore;
    type Outcome = CreateTicketOutcome;
    const OPERATION: &'static str = "create_tickets";

    fn shop(&self) -> ShopId {
        self.ticket.shop_id
    }

    fn bytes(&self) -> usize {
        let Self { ticket, stamp: _, idempotency } = self;
        let receipt = idempotency.as_ref().map_or(0, |claim| claim.receipt.response.len());
        ticket.text_bytes() + receipt
    }

    async fn create(
        store: &dyn TicketStore,
        batch: Vec<Self>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        store.create_tickets(batch).await
    }

    /// Ids are unique. So an equal ticket with this id is the created one, and its idempotency
    /// record was written with it. A missing ticket may still appear: the database may not be done.
    /// A different ticket was changed since, or used the id before: then the outcome stays unknown.
    async fn look_up(&self, store: &dyn TicketStore) -> Result<Option<CreateTicketOutcome>, StorageError> {
        let found = store.find_ticket(self.ticket.shop_id, self.ticket.id).await?;
        Ok(found.filter(|view| view.ticket == self.ticket).map(|_| CreateTicketOutcome::Created))
    }
}

#[async_trait]
impl Creation for CommentCreation {
    type Store = dyn CommentStore;
    type Outcome = IdempotentOutcome<CreateCommentOutcome>;
    const OPERATION: &'static str = "create_comments";

    fn shop(&self) -> ShopId {
        self.comment.shop_id
    }

    fn bytes(&self) -> usize {
        self.comment.text_bytes()
    }

    async fn create(
        store: &dyn CommentStore,
        batch: Vec<Self>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        store.create_comments(batch).await
    }

    /// The port has no lookup of a comment by id.
    async fn look_up(
        &self,
        _store: &dyn CommentStore,
    ) -> Result<Option<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        Ok(None)
    }
}
