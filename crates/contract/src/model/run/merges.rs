//! Merges of customers.

use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::ports::{CustomerMerge, MergeCustomersOutcome};
use hexdesk_domain::{CustomerId, CustomerStore, DeferredClaim, IdempotentOutcome, Receipt, ShopId};

use super::super::step::{Claim, Person, Slot};
use super::{Both, Model, both, request_of};
use crate::comparison::same;
use crate::samples::{at, stamp};

impl Model {
    pub(super) async fn merge_customers(
        &mut self,
        shop: Slot,
        from: Person,
        into: Person,
        claim: Option<Claim>,
    ) -> anyhow::Result<()> {
        let Some((shop, from)) = self.customer_at(shop, from)? else { return Ok(()) };
        let into = self.customer_of(shop, into)?;
        // Callers refuse to merge a customer into itself.
        if from.reference == into.reference {
            return Ok(());
        }
        let claim = claim.map(|claim| claim_of(claim, self.steps)).transpose()?;
        let merge = |from, into| CustomerMerge { from, into, stamp: stamp(at(self.steps)) };
        let (on_tested, on_reference) =
            (merge(from.tested, into.tested), merge(from.reference, into.reference));
        let attempts = both(
            self.tested.merge_customers(shop.tested, on_tested, claim.clone()).await,
            self.reference.merge_customers(shop.reference, on_reference, claim).await,
        )?;
        let Some(Both { tested, reference }) = attempts else { return Ok(()) };
        // Calls are sequential here, so the first use of every key has ended.
        ensure!(tested != IdempotentOutcome::InProgress, "a merge stays in progress");
        let tested = match tested {
            IdempotentOutcome::Ran(MergeCustomersOutcome::Merged(customer)) => {
                let customer = self.customer(*customer)?;
                IdempotentOutcome::Ran(MergeCustomersOutcome::Merged(Box::new(customer)))
            }
            IdempotentOutcome::Ran(MergeCustomersOutcome::CustomerNotFound(id)) => {
                let missing = if id == into.tested { into.reference } else { from.reference };
                ensure!(id == into.tested || id == from.tested, "a merge returned the number {id}");
                IdempotentOutcome::Ran(MergeCustomersOutcome::CustomerNotFound(missing))
            }
            other => other,
        };
        same("the outcome of a merge", &tested, &reference)
    }

    /// Compares into whom the shop's customers were merged.
    pub(super) async fn look_at_merged(&self, shop: Both<ShopId>) -> anyhow::Result<()> {
        for id in self.customers.get(&shop.reference).into_iter().flatten() {
            let found = self.tested.find_merged_customer(shop.tested, id.tested).await?;
            let found = found.map(|into| self.customer_id(shop.reference, into)).transpose()?;
            let expected = self.reference.find_merged_customer(shop.reference, id.reference).await?;
            same("the customer into whom one was merged", &found, &expected)?;
        }
        Ok(())
    }

    /// The numbers of customers who were merged into this one.
    pub(super) async fn merged_into(
        &self,
        shop: Both<ShopId>,
        id: CustomerId,
    ) -> anyhow::Result<Vec<CustomerId>> {
        let mut merged = Vec::new();
        for customer in self.customers.get(&shop.reference).into_iter().flatten() {
            let into = self.tested.find_merged_customer(shop.tested, customer.tested).await?;
            merged.extend(into.filter(|into| *into == id).map(|_| customer.tested));
        }
        Ok(merged)
    }
}

/// The receipt's answer contains nothing that a store assigns, so both stores keep the same.
fn claim_of(claim: Claim, step: i64) -> anyhow::Result<DeferredClaim<MergeCustomersOutcome>> {
    let receipt = move |outcome: &MergeCustomersOutcome| match outcome {
        MergeCustomersOutcome::Merged(customer) => {
            let response = format!("step {step}: {:?}", customer.email).into_bytes();
            Some(Receipt { response, customer_id: (step % 3 != 0).then_some(customer.id) })
        }
        MergeCustomersOutcome::CustomerNotFound(_) => None,
    };
    Ok(DeferredClaim { request: request_of(claim)?, requested_at: at(step), receipt: Arc::new(receipt) })
}
