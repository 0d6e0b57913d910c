//! The use case: create one customer.

use std::sync::Arc;

use crate::ports::{Clock, CreateCustomerOutcome, CustomerStore};
use crate::{
    Caller, CommandError, CustomerDraft, DeferredClaim, IdempotencyRequest, IdempotentOutcome, RenderReceipt,
};

/// Creates customers: checks the draft and has the store keep it, unless there is one.
#[derive(Clone)]
pub struct CreateCustomer {
    store: Arc<dyn CustomerStore>,
    clock: Arc<dyn Clock>,
}

impl CreateCustomer {
    /// The use case on these ports.
    pub fn new(store: Arc<dyn CustomerStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Creates a customer of the shop. `receipt` renders what the caller is told of an
    /// outcome, to be kept with an idempotency request; `None` for a refusal.
    ///
    /// # Errors
    /// [`CommandError`]; nothing was written unless the store failed with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn execute(
        &self,
        caller: Caller,
        draft: CustomerDraft,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<CreateCustomerOutcome>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, CommandError> {
        let now = self.clock.now();
        let customer = draft.into_new(caller.stamp(now)).map_err(CommandError::Invalid)?;
        let once = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        Ok(self.store.create_customer(caller.shop, customer, once).await?)
    }
}
