//! The use case: change one customer.

use std::sync::Arc;

use crate::ports::{Clock, CustomerStore, CustomerUpdate, UpdateCustomerOutcome};
use crate::{
    Caller, CommandError, CustomerChanges, CustomerId, DeferredClaim, Field, IdempotencyRequest,
    IdempotentOutcome, RenderReceipt, Rule, Violation,
};

/// Changes customers: checks the changes and has the store make them.
#[derive(Clone)]
pub struct UpdateCustomer {
    store: Arc<dyn CustomerStore>,
    clock: Arc<dyn Clock>,
}

impl UpdateCustomer {
    /// The use case on these ports.
    pub fn new(store: Arc<dyn CustomerStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Changes the shop's customer. `receipt` renders what the caller is told of an
    /// outcome, to be kept with an idempotency request; `None` for a refusal.
    ///
    /// # Errors
    /// [`CommandError`]; nothing was written unless the store failed with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn execute(
        &self,
        caller: Caller,
        customer: CustomerId,
        changes: CustomerChanges,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<UpdateCustomerOutcome>,
    ) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, CommandError> {
        let violations = changes.violations();
        if !violations.is_empty() {
            return Err(CommandError::Invalid(violations));
        }
        let now = self.clock.now();
        let once = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let update = CustomerUpdate { changes, stamp: caller.stamp(now) };
        match self.store.update_customer(caller.shop, customer, update, once).await? {
            IdempotentOutcome::Ran(UpdateCustomerOutcome::Unreachable) => {
                let unreachable =
                    Violation { field: Field::Email, index: None, rule: Rule::EmailOrPhoneNumber };
                Err(CommandError::Invalid(vec![unreachable]))
            }
            attempt => Ok(attempt),
        }
    }
}
