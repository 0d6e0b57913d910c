//! Updates of customers.

use std::sync::Arc;

use anyhow::ensure;
use async_trait::async_trait;
use hexdesk_domain::ports::UpdateCustomerOutcome;
use hexdesk_domain::{
    CustomerChanges, CustomerId, DeferredClaim, IdempotencyRequest, IdempotentOutcome, NewCustomer, Receipt,
    Storage, Timestamp,
};

use super::{Operation, Thing, answer_of, request, shown};
use crate::cases::customer_changes::update_customer;
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, create_customer, customer_by_email, customer_id, customer_update, stamp,
};

/// Updates of customers, one for each number.
pub(super) struct CustomerUpdates;

fn updated_id(number: i64) -> anyhow::Result<CustomerId> {
    customer_id(200_000 + number)
}

fn update_receipt(outcome: &UpdateCustomerOutcome) -> Option<Receipt> {
    match outcome {
        UpdateCustomerOutcome::Updated(customer) => {
            Some(Receipt { response: answer_of(outcome), customer_id: Some(customer.id) })
        }
        UpdateCustomerOutcome::CustomerNotFound
        | UpdateCustomerOutcome::Unreachable
        | UpdateCustomerOutcome::EmailTaken => None,
    }
}

fn name_of(number: i64) -> String {
    format!("update {number}")
}

#[async_trait]
impl Operation for CustomerUpdates {
    async fn prepare(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<()> {
        let id = updated_id(number)?;
        if storage.find_customer(fixture.shop.id, id).await?.is_none() {
            let email = format!("updated-{number}@example.com");
            let new = NewCustomer { id: Some(id), ..customer_by_email(&email) };
            create_customer(storage, fixture.shop.id, new).await?;
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
        let good = CustomerChanges { full_name: Some(Some(name_of(number))), ..CustomerChanges::default() };
        let email =
            |email: Option<&str>| CustomerChanges { email: Some(email.map(Into::into)), ..good.clone() };
        let (id, changes) = match thing {
            Thing::New(_) => (updated_id(number)?, good),
            Thing::Refused(_) if number % 2 == 0 => (customer_id(404)?, good),
            Thing::Refused(_) if number % 4 == 1 => {
                (updated_id(number)?, email(Some("CUSTOMER@example.com")))
            }
            Thing::Refused(_) => (updated_id(number)?, email(None)),
        };
        let claim = request.map(|(request, requested_at)| DeferredClaim {
            request,
            requested_at,
            receipt: Arc::new(update_receipt),
        });
        Ok(shown(storage.update_customer(fixture.shop.id, id, customer_update(changes), claim).await?))
    }

    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool> {
        let found = storage.find_customer(fixture.shop.id, updated_id(number)?).await?;
        Ok(found.is_some_and(|customer| customer.full_name == Some(name_of(number))))
    }
}

/// The record is checked before the customer and the address. An empty update has a record, too.
pub(super) async fn update_is_replayed_whatever_became_of_the_customer(
    storage: &dyn Storage,
) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "replayed.example.com").await?;
    let (shop, id) = (fixture.shop.id, fixture.customer.id);
    let to =
        |email: &str| CustomerChanges { email: Some(Some(email.to_owned())), ..CustomerChanges::default() };
    let attempt = async |key: &str, number: u8, changes: CustomerChanges| {
        // The receipt names no customer, so the record survives the erasure.
        let receipt = |outcome: &UpdateCustomerOutcome| {
            update_receipt(outcome).map(|receipt| Receipt { customer_id: None, ..receipt })
        };
        let claim =
            DeferredClaim { request: request(key, number)?, requested_at: at(3), receipt: Arc::new(receipt) };
        anyhow::Ok(shown(storage.update_customer(shop, id, customer_update(changes), Some(claim)).await?))
    };
    let IdempotentOutcome::Ran(of_empty) = attempt("empty", 1, CustomerChanges::default()).await? else {
        anyhow::bail!("an empty update with a new key did not run");
    };
    let IdempotentOutcome::Ran(of_first) = attempt("first", 1, to("first@example.com")).await? else {
        anyhow::bail!("an update with a new key did not run");
    };
    let replays = async || -> anyhow::Result<()> {
        for (key, changes, answer) in
            [("empty", CustomerChanges::default(), &of_empty), ("first", to("first@example.com"), &of_first)]
        {
            let replayed = IdempotentOutcome::Replayed(answer.clone());
            same("an update again", &attempt(key, 1, changes.clone()).await?, &replayed)?;
            same("another update", &attempt(key, 2, changes).await?, &IdempotentOutcome::KeyReused)?;
        }
        Ok(())
    };
    let before = update_customer(storage, shop, id, to("second@example.com")).await?;
    replays().await?;
    // The address is now another customer's.
    create_customer(storage, shop, customer_by_email("FIRST@example.com")).await?;
    replays().await?;
    same("the customer", &storage.find_customer(shop, id).await?, &Some(before))?;
    ensure!(storage.erase_customer(shop, id, stamp(at(14))).await?.is_some(), "the customer is not erased");
    replays().await?;
    same("the erased customer", &storage.find_customer(shop, id).await?, &None)
}
