//! The use case: change a customer.

use std::sync::Arc;

use crate::ports::{Clock, CustomerStore, CustomerUpdate, UpdateCustomerOutcome};
use crate::{
    Caller, CommandError, CustomerChanges, CustomerId, DeferredClaim, Field, IdempotencyRequest,
    IdempotentOutcome, RenderReceipt, Rule, Violation,
};

/// Changes customers: checks the changes, then stores them.
#[derive(Clone)]
pub struct UpdateCustomer {
    store: Arc<dyn CustomerStore>,
    clock: Arc<dyn Clock>,
}

impl UpdateCustomer {
    /// Connects the use case to these ports.
    pub fn new(store: Arc<dyn CustomerStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Changes the shop's customer. `receipt` renders the response to store with an
    /// idempotency request, or `None` if the outcome leaves no record.
    ///
    /// # Errors
    /// [`CommandError`]. Nothing was written, except perhaps if the store fails with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn execute(
        &self,
        caller: Caller,
        customer: CustomerId,
        changes: CustomerChanges,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<UpdateCustomerOutcome>,
    ) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, CommandError> {
        changes.check()?;
        let now = self.clock.now();
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let update = CustomerUpdate { changes, stamp: caller.stamp(now) };
        match self.store.update_customer(caller.shop, customer, update, claim).await? {
            IdempotentOutcome::Ran(UpdateCustomerOutcome::Unreachable) => {
                let unreachable = Violation { field: Field::Email, index: None, rule: Rule::Reachable };
                Err(CommandError::Invalid(unreachable.into()))
            }
            outcome => Ok(outcome),
        }
    }
}
