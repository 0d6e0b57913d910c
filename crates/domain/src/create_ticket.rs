//! The use case: create one ticket.

use std::sync::Arc;

use crate::ports::{Clock, CreateTicketOutcome, TicketCreation, TicketIdSource, TicketStore};
use crate::{
    IdempotencyClaim, IdempotencyRequest, Receipt, ShopId, StorageErrorKind, Ticket, TicketDraft, Violation,
};

/// Creates tickets: checks the draft, completes it, and has the store keep it.
#[derive(Clone)]
pub struct CreateTicket {
    store: Arc<dyn TicketStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn TicketIdSource>,
}

/// A ticket was created, now or by an earlier request with the same idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketCreated {
    /// What to tell the caller.
    pub receipt: Receipt,
    /// Whether the receipt is an earlier request's.
    pub replayed: bool,
}

/// Why no ticket was created.
#[derive(Debug, thiserror::Error)]
pub enum CreateTicketError {
    /// The draft breaks rules: all of them, in the order of [`Field`](crate::Field).
    #[error("the ticket breaks {} rules", .0.len())]
    Invalid(Vec<Violation>),
    /// The shop has no such customer.
    #[error("the shop has no such customer")]
    CustomerNotFound,
    /// The shop has no such user.
    #[error("the shop has no such user")]
    AssigneeNotFound,
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The first request with the idempotency key has not ended.
    #[error("the first request with the idempotency key has not ended")]
    InProgress,
    /// The store cannot be reached or is busy; nothing was written.
    #[error("the store is not available: {0:#}")]
    Unavailable(anyhow::Error),
    /// The store went away in the middle: the ticket is there once or not at all.
    #[error("the store went away in the middle of the write: {0:#}")]
    OutcomeUnknown(anyhow::Error),
    /// Anything else; nothing was written.
    #[error("{0:#}")]
    Unexpected(anyhow::Error),
}

impl CreateTicket {
    /// The use case on these ports.
    pub fn new(store: Arc<dyn TicketStore>, clock: Arc<dyn Clock>, ids: Arc<dyn TicketIdSource>) -> Self {
        Self { store, clock, ids }
    }

    /// Creates a ticket of `shop` from `draft`. `receipt` renders what the caller is told
    /// of a ticket; with an idempotency request it is kept, in the ticket's transaction,
    /// for whoever sends the same again.
    ///
    /// # Errors
    /// [`CreateTicketError`]; unless it is `OutcomeUnknown`, nothing was written.
    pub async fn execute<R>(
        &self,
        shop: ShopId,
        draft: TicketDraft,
        idempotency: Option<IdempotencyRequest>,
        receipt: R,
    ) -> Result<TicketCreated, CreateTicketError>
    where
        R: FnOnce(&Ticket) -> Receipt,
    {
        let now = self.clock.now();
        let id = self.ids.next_id(now).map_err(|error| CreateTicketError::Unavailable(error.into()))?;
        let ticket = draft.into_ticket(id, shop, now).map_err(CreateTicketError::Invalid)?;
        let receipt = receipt(&ticket);
        let idempotency = idempotency.map(|request| IdempotencyClaim { request, receipt: receipt.clone() });
        let batch = vec![TicketCreation { ticket, created_at: now, idempotency }];
        let outcomes = self.store.create_tickets(batch).await.map_err(|error| {
            let kind = error.kind;
            let cause = anyhow::Error::new(error);
            match kind {
                StorageErrorKind::Unavailable => CreateTicketError::Unavailable(cause),
                StorageErrorKind::OutcomeUnknown => CreateTicketError::OutcomeUnknown(cause),
                StorageErrorKind::Unexpected => CreateTicketError::Unexpected(cause),
            }
        })?;
        match outcomes.into_iter().next() {
            Some(CreateTicketOutcome::Created) => Ok(TicketCreated { receipt, replayed: false }),
            Some(CreateTicketOutcome::Replayed(receipt)) => Ok(TicketCreated { receipt, replayed: true }),
            Some(CreateTicketOutcome::KeyReused) => Err(CreateTicketError::KeyReused),
            Some(CreateTicketOutcome::InProgress) => Err(CreateTicketError::InProgress),
            Some(CreateTicketOutcome::CustomerNotFound) => Err(CreateTicketError::CustomerNotFound),
            Some(CreateTicketOutcome::AssigneeNotFound) => Err(CreateTicketError::AssigneeNotFound),
            None => Err(CreateTicketError::Unexpected(anyhow::anyhow!("the store answered no outcome"))),
        }
    }
}
