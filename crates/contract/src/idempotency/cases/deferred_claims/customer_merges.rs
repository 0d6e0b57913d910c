//! Merges of customers.

use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::ports::{CustomerMerge, MergeCustomersOutcome};
use hexdesk_domain::{
    CustomerId, DeferredClaim, IdempotencyRequest, IdempotentOutcome, NewCustomer, Receipt, Storage,
    Timestamp,
};

use super::{Operation, Thing, answer_of, shown};
use crate::samples::{ShopWithPeople, at, create_customer, customer_by_email, customer_id, stamp};

/// Merges of customers, one for each number.
pub(super) struct CustomerMerges;

/// The merged customer, and the remaining one.
fn merged_ids(number: i64) -> anyhow::Result<[CustomerId; 2]> {
    Ok([customer_id(300_000 + number)?, customer_id(310_000 + number)?])
}

fn merge_receipt(outcome: &MergeCustomersOutcome) -> Option<Receipt> {
    match outcome {
        MergeCustomersOutcome::Merged(customer) => {
            Some(Receipt { response: answer_of(outcome), customer_id: Some(customer.id) })
        }
        MergeCustomersOutcome::CustomerNotFound(_) => None,
    }
}

#[async_trait]
impl Operation for CustomerMerges {
    async fn prepare(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<()> {
        let shop = fixture.shop.id;
        let [from, into] = merged_ids(number)?;
        if storage.find_customer(shop, into).await?.is_none() {
            for id in [from, into] {
                let new = NewCustomer { id: Some(id), ..customer_by_email(&format!("{id}@example.com")) };
                create_customer(storage, shop, new).await?;
            }
        }
        Ok(())
    }

    async fn attempt(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>> {
        let (Thing::New(number) | Thing::Refused(number)) = thing;
        self.prepare(storage, fixture, number).await?;
        let [from, into] = merged_ids(number)?;
        let nobody = customer_id(404)?;
        let (from, into) = match thing {
            Thing::New(_) => (from, into),
            Thing::Refused(_) if number % 2 == 0 => (nobody, into),
            Thing::Refused(_) => (from, nobody),
        };
        let claim = request.map(|(request, requested_at)| DeferredClaim {
            request,
            requested_at,
            receipt: Arc::new(merge_receipt),
        });
        let merge = CustomerMerge { from, into, stamp: stamp(at(3)) };
        Ok(shown(storage.merge_customers(fixture.shop.id, merge, claim).await?))
    }

    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool> {
        let [from, into] = merged_ids(number)?;
        Ok(storage.find_merged_customer(fixture.shop.id, from).await? == Some(into))
    }
}
