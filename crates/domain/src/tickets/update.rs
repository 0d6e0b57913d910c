//! The use case: change one ticket.

use std::sync::Arc;

use crate::ports::{Clock, TicketStore, TicketUpdate, UpdateTicketOutcome};
use crate::{
    Caller, CommandError, DeferredClaim, IdempotencyRequest, IdempotentOutcome, RenderReceipt, TicketChanges,
    TicketId,
};

/// Changes tickets: checks the changes and has the store make them.
#[derive(Clone)]
pub struct UpdateTicket {
    store: Arc<dyn TicketStore>,
    clock: Arc<dyn Clock>,
}

impl UpdateTicket {
    /// The use case on these ports.
    pub fn new(store: Arc<dyn TicketStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Changes the shop's ticket, if it still has `expected_version` where one is given.
    /// `receipt` renders what the caller is told of an outcome, to be kept with an
    /// idempotency request; `None` for a refusal.
    ///
    /// # Errors
    /// [`CommandError`]; nothing was written unless the store failed with
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
        let violations = changes.violations();
        if !violations.is_empty() {
            return Err(CommandError::Invalid(violations));
        }
        let now = self.clock.now();
        let once = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let stamp = caller.stamp(now);
        let update = TicketUpdate { changes, expected_version, stamp };
        Ok(self.store.update_ticket(caller.shop, ticket, update, once).await?)
    }
}
