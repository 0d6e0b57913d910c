//! The use case: create a customer.

use std::sync::Arc;

use crate::ports::{Clock, CreateCustomerOutcome, CustomerStore};
use crate::{
    Caller, CommandError, CustomerDraft, DeferredClaim, IdempotencyRequest, IdempotentOutcome, RenderReceipt,
};

/// Creates customers: checks the draft, and stores it unless the customer exists.
#[derive(Clone)]
pub struct CreateCustomer {
    store: Arc<dyn CustomerStore>,
    clock: Arc<dyn Clock>,
}

impl CreateCustomer {
    /// Connects the use case to these ports.
    pub fn new(store: Arc<dyn CustomerStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Creates a customer of the shop. `receipt` renders the response to store with an
    /// idempotency request, or `None` if the outcome leaves no record.
    ///
    /// # Errors
    /// [`CommandError`]. Nothing was written, except perhaps if the store fails with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn execute(
        &self,
        caller: Caller,
        draft: CustomerDraft,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<CreateCustomerOutcome>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, CommandError> {
        let now = self.clock.now();
        let customer = draft.into_new(caller.stamp(now))?;
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        Ok(self.store.create_customer(caller.shop, customer, claim).await?)
    }
}
