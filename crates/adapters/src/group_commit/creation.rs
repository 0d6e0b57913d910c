//! What tickets and comments have in common for whoever writes them.

use async_trait::async_trait;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome, CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{CommentStore, IdempotentOutcome, ShopId, StorageError, TicketStore};

/// One thing to create.
#[async_trait]
pub(super) trait Creation: Clone + Send + Sync + 'static {
    /// The port that creates it.
    type Store: Send + Sync + ?Sized + 'static;
    /// What becomes of it.
    type Outcome: Send + 'static;
    /// The method of the port.
    const OPERATION: &'static str;

    /// Whose it is.
    fn shop(&self) -> ShopId;

    /// About how much memory its texts take, in bytes.
    fn text_bytes(&self) -> usize;

    /// Creates a batch of them.
    async fn create(store: &Self::Store, batch: Vec<Self>) -> Result<Vec<Self::Outcome>, StorageError>;

    /// What became of it in a write of unknown outcome, if that can be told for sure.
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

    fn text_bytes(&self) -> usize {
        let ticket = &self.ticket;
        let texts = [
            &ticket.name,
            &ticket.thread_id,
            &ticket.email_used,
            &ticket.last_message,
            &ticket.contact_reason,
            &ticket.language_code,
            &ticket.via,
        ];
        let receipt = self.idempotency.as_ref().map_or(0, |claim| claim.receipt.answer.len());
        ticket.channel.len() + bytes_of(texts.into_iter().flatten().chain(&ticket.tags)) + receipt
    }

    async fn create(
        store: &dyn TicketStore,
        batch: Vec<Self>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        store.create_tickets(batch).await
    }

    /// Ids are made once, so a ticket of this id that looks like it is it; and it was
    /// written together with its record. One that is not there may be yet to come: the
    /// database may still be at it. One that looks different was changed since, or had the
    /// id before: of that nothing is said.
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

    fn text_bytes(&self) -> usize {
        let comment = &self.comment;
        let texts = [&comment.channel, &comment.subject, &comment.from_email, &comment.attachments];
        let lists = comment.to_emails.iter().chain(&comment.tags);
        comment.text.len() + bytes_of(texts.into_iter().flatten().chain(lists))
    }

    async fn create(
        store: &dyn CommentStore,
        batch: Vec<Self>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        store.create_comments(batch).await
    }

    /// A comment is not found by its id.
    async fn look_up(
        &self,
        _store: &dyn CommentStore,
    ) -> Result<Option<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        Ok(None)
    }
}

fn bytes_of<'a>(texts: impl Iterator<Item = &'a String>) -> usize {
    texts.map(String::len).sum()
}
