//! The use case: create a ticket.

use std::sync::Arc;

use crate::ports::{Clock, CreateTicketOutcome, TicketCreation, TicketIdSource, TicketStore};
use crate::{
    Caller, IdempotencyClaim, IdempotencyRequest, Receipt, StorageError, StorageErrorKind, Ticket,
    TicketDraft, TicketIdsExhausted, Violations,
};

/// Creates tickets: checks and completes the draft, then stores it.
#[derive(Clone)]
pub struct CreateTicket {
    store: Arc<dyn TicketStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn TicketIdSource>,
}

/// A ticket was created, now or by an earlier request with the same idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketCreated {
    /// The response to the caller, from the receipt.
    pub response: Vec<u8>,
    /// Whether it is the response to an earlier request.
    pub replayed: bool,
}

/// The reason why no ticket was created.
#[derive(Debug, thiserror::Error)]
pub enum CreateTicketError {
    /// The draft breaks rules.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The shop has no such customer.
    #[error("the shop has no such customer")]
    CustomerNotFound,
    /// The shop has no such user.
    #[error("the shop has no such user")]
    AssigneeNotFound,
    /// The user is deactivated.
    #[error("the user is deactivated")]
    AssigneeDeactivated,
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The first request with the idempotency key has not ended.
    #[error("the first request with the idempotency key has not ended")]
    InProgress,
    /// No id is available now. Nothing was written.
    #[error(transparent)]
    IdsExhausted(#[from] TicketIdsExhausted),
    /// The store failed. The caller acts on the kind of the error.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl CreateTicket {
    /// Connects the use case to these ports.
    pub fn new(store: Arc<dyn TicketStore>, clock: Arc<dyn Clock>, ids: Arc<dyn TicketIdSource>) -> Self {
        Self { store, clock, ids }
    }

    /// Creates a ticket of the caller's shop. `receipt` renders the response. With an
    /// idempotency request it is stored in the ticket's transaction, and a repeated request
    /// returns it.
    ///
    /// # Errors
    /// [`CreateTicketError`]. Nothing was written, except perhaps if the store fails with
    /// [`OutcomeUnknown`](StorageErrorKind::OutcomeUnknown).
    pub async fn execute<R>(
        &self,
        caller: Caller,
        draft: TicketDraft,
        idempotency: Option<IdempotencyRequest>,
        receipt: R,
    ) -> Result<TicketCreated, CreateTicketError>
    where
        R: FnOnce(&Ticket) -> Receipt,
    {
        let now = self.clock.now();
        let id = self.ids.next_id(now)?;
        let ticket = draft.into_ticket(id, caller.shop, now)?;
        let receipt = receipt(&ticket);
        let idempotency = idempotency.map(|request| IdempotencyClaim { request, receipt: receipt.clone() });
        let stamp = caller.stamp(now);
        let batch = vec![TicketCreation { ticket, stamp, idempotency }];
        let outcomes = self.store.create_tickets(batch).await?;
        match outcomes.into_iter().next() {
            Some(CreateTicketOutcome::Created) => {
                Ok(TicketCreated { response: receipt.response, replayed: false })
            }
            Some(CreateTicketOutcome::Replayed(response)) => Ok(TicketCreated { response, replayed: true }),
            Some(CreateTicketOutcome::KeyReused) => Err(CreateTicketError::KeyReused),
            Some(CreateTicketOutcome::InProgress) => Err(CreateTicketError::InProgress),
            Some(CreateTicketOutcome::CustomerNotFound) => Err(CreateTicketError::CustomerNotFound),
            Some(CreateTicketOutcome::AssigneeNotFound) => Err(CreateTicketError::AssigneeNotFound),
            Some(CreateTicketOutcome::AssigneeDeactivated) => Err(CreateTicketError::AssigneeDeactivated),
            None => Err(CreateTicketError::Storage(StorageError::new(
                StorageErrorKind::Unexpected,
                "create_tickets",
                anyhow::anyhow!("the store returned no outcome (TICKET-2)"),
            ))),
        }
    }
}
