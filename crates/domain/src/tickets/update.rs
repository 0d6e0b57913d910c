//! The use case: change a ticket.

use std::sync::Arc;

use crate::ports::{Clock, TicketStore, TicketUpdate, UpdateTicketOutcome};
use crate::{
    Caller, CommandError, DeferredClaim, IdempotencyRequest, IdempotentOutcome, RenderReceipt, TicketChanges,
    TicketId,
};

/// Changes tickets: checks the changes, then stores them.
#[derive(Clone)]
pub struct UpdateTicket {
    store: Arc<dyn TicketStore>,
    clock: Arc<dyn Clock>,
}

impl UpdateTicket {
    /// Connects the use case to these ports.
    pub fn new(store: Arc<dyn TicketStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Changes the shop's ticket. If `expected_version` is given, the ticket must have that
    /// version. `receipt` renders the response to store with an idempotency request, or `None` if
    /// the outcome leaves no record.
    ///
    /// # Errors
    /// [`CommandError`]. Nothing was written, except perhaps if the store fails with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn execute(
        &self,
        caller: Caller,
        ticket: TicketId,
        changes: TicketChanges,
        expected_version: Option<i64>,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<UpdateTicketOutcome>,
    ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, CommandError> {
        changes.check()?;
        let now = self.clock.now();
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let stamp = caller.stamp(now);
        let update = TicketUpdate { changes, expected_version, stamp };
        Ok(self.store.update_ticket(caller.shop, ticket, update, claim).await?)
    }
}
