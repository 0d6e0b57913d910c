//! The use case: merge a customer into another.

use std::sync::Arc;

use crate::ports::{Clock, CustomerMerge, CustomerStore, MergeCustomersOutcome};
use crate::validation::violation::{Violations, required};
use crate::{
    Caller, CommandError, CustomerId, DeferredClaim, Field, IdempotencyRequest, IdempotentOutcome,
    RenderReceipt, Rule, Violation,
};

/// A requested merge: unchecked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MergeDraft {
    /// The customer to merge. Required.
    pub from: Option<CustomerId>,
}

impl MergeDraft {
    /// Returns every violation of a merge into this customer.
    pub fn violations(self, into: CustomerId) -> Vec<Violation> {
        self.other_than(into).err().map(Into::into).unwrap_or_default()
    }

    fn other_than(self, into: CustomerId) -> Result<CustomerId, Violations> {
        let from = required(Field::From, self.from)?;
        if from == into {
            return Err(Violation { field: Field::From, index: None, rule: Rule::AnotherCustomer }.into());
        }
        Ok(from)
    }
}

/// Merges customers: checks that there are two, then moves everything of one to the other.
#[derive(Clone)]
pub struct MergeCustomers {
    store: Arc<dyn CustomerStore>,
    clock: Arc<dyn Clock>,
}

impl MergeCustomers {
    /// Connects the use case to these ports.
    pub fn new(store: Arc<dyn CustomerStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Merges a customer of the shop into this one. `receipt` renders the response to store with an
    /// idempotency request, or `None` if the outcome leaves no record.
    ///
    /// # Errors
    /// [`CommandError`]. Nothing was written, except perhaps if the store fails with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn execute(
        &self,
        caller: Caller,
        into: CustomerId,
        draft: MergeDraft,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<MergeCustomersOutcome>,
    ) -> Result<IdempotentOutcome<MergeCustomersOutcome>, CommandError> {
        let from = draft.other_than(into)?;
        let now = self.clock.now();
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let merge = CustomerMerge { from, into, stamp: caller.stamp(now) };
        Ok(self.store.merge_customers(caller.shop, merge, claim).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_needs_another_customer() {
        let customer = |number| CustomerId::new(number).unwrap();
        let rules = |from: Option<i64>| {
            let draft = MergeDraft { from: from.map(customer) };
            draft.violations(customer(1)).iter().map(|found| (found.field, found.rule)).collect::<Vec<_>>()
        };
        assert_eq!(rules(None), [(Field::From, Rule::Required)]);
        assert_eq!(rules(Some(1)), [(Field::From, Rule::AnotherCustomer)]);
        assert_eq!(rules(Some(2)), []);
    }
}
