//! What tickets and comments have in common for whoever writes them.

use async_trait::async_trait;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome, CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{
    CommentStore, IdempotentOutcome, NewComment, ShopId, StorageError, Ticket, TicketStore,
};

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
        let Self { ticket, stamp: _, idempotency } = self;
        // In full, so that no text escapes the limit of a batch.
        let Ticket {
            id: _,
            shop_id: _,
            customer_id: _,
            channel,
            name,
            thread_id,
            email_used,
            date: _,
            last_message,
            last_message_time: _,
            contact_reason,
            assigned_to: _,
            is_opened: _,
            unread_count: _,
            tags,
            language_code,
            via,
            version: _,
        } = ticket;
        let texts = [name, thread_id, email_used, last_message, contact_reason, language_code, via];
        let receipt = idempotency.as_ref().map_or(0, |claim| claim.receipt.answer.len());
        channel.len() + bytes_of(texts.into_iter().flatten().chain(tags)) + receipt
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
        let Self { comment, stamp: _, once: _ } = self;
        // In full, as for tickets.
        let NewComment {
            id: _,
            shop_id: _,
            ticket_id: _,
            text,
            time: _,
            channel,
            is_from_shop: _,
            author_id: _,
            subject,
            from_email,
            to_emails,
            attachments,
            tags,
        } = comment;
        let texts = [channel, subject, from_email, attachments];
        text.len() + bytes_of(texts.into_iter().flatten().chain(to_emails).chain(tags))
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
