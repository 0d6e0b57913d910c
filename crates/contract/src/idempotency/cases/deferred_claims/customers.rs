//! The creation of customers.

use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{
    DeferredClaim, IdempotencyRequest, IdempotentOutcome, NewCustomer, Receipt, Storage, Timestamp,
};

use super::{Operation, Thing, answer_of, request, shown};
use crate::comparison::same;
use crate::samples::{ShopWithPeople, at, customer_by_email, customer_id};

pub(super) struct Customers;

/// Keeps no receipt of existing customers.
fn customer_receipt(outcome: &CreateCustomerOutcome) -> Option<Receipt> {
    match outcome {
        CreateCustomerOutcome::Created(customer) => {
            Some(Receipt { response: answer_of(outcome), customer_id: Some(customer.id) })
        }
        CreateCustomerOutcome::Existing(_) | CreateCustomerOutcome::IdTaken => None,
    }
}

#[async_trait]
impl Operation for Customers {
    async fn attempt(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>> {
        let address = |number: i64| format!("customer-{number}@example.com");
        let new = match thing {
            // For half of them, the store assigns the number.
            Thing::New(number) => NewCustomer {
                id: if number % 2 == 0 { None } else { Some(customer_id(100_000 + number)?) },
                ..customer_by_email(&address(number))
            },
            Thing::Refused(number) if number % 2 == 0 => {
                NewCustomer { id: Some(fixture.customer.id), ..customer_by_email(&address(number)) }
            }
            Thing::Refused(_) => customer_by_email("customer@example.com"),
        };
        let claim = request.map(|(request, requested_at)| DeferredClaim {
            request,
            requested_at,
            receipt: Arc::new(customer_receipt),
        });
        Ok(shown(storage.create_customer(fixture.shop.id, new, claim).await?))
    }

    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool> {
        // Requests a taken number, so that no customer is created.
        let address = format!("customer-{number}@example.com");
        let new = NewCustomer { id: Some(fixture.customer.id), ..customer_by_email(&address) };
        match storage.create_customer(fixture.shop.id, new, None).await? {
            IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(_)) => Ok(true),
            IdempotentOutcome::Ran(CreateCustomerOutcome::IdTaken) => Ok(false),
            other => anyhow::bail!("requesting a taken number returned {other:?}"),
        }
    }
}

/// Returning an existing customer is an effect if the caller keeps a receipt of it.
pub(super) async fn existing_with_and_without_a_receipt(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "existing.example.com").await?;
    let (shop, there) = (fixture.shop.id, &fixture.customer);
    let existing = CreateCustomerOutcome::Existing(there.clone());
    let keeping: fn(&CreateCustomerOutcome) -> Option<Receipt> = |outcome| {
        let customer_id = match outcome {
            CreateCustomerOutcome::Created(customer) | CreateCustomerOutcome::Existing(customer) => {
                customer.id
            }
            CreateCustomerOutcome::IdTaken => return None,
        };
        Some(Receipt { response: answer_of(outcome), customer_id: Some(customer_id) })
    };
    let claim = |key: &str, number: u8, receipt: fn(&CreateCustomerOutcome) -> Option<Receipt>| {
        let request = request(key, number)?;
        anyhow::Ok(Some(DeferredClaim { request, requested_at: at(3), receipt: Arc::new(receipt) }))
    };
    let again = || customer_by_email("CUSTOMER@example.com");
    let new = |name: &str| customer_by_email(&format!("{name}@example.com"));

    let attempt = storage.create_customer(shop, again(), claim("kept", 1, keeping)?).await?;
    same("an existing customer", &attempt, &IdempotentOutcome::Ran(existing.clone()))?;
    let replayed = IdempotentOutcome::Replayed(answer_of(&existing));
    for customer in [again(), new("kept")] {
        let attempt = storage.create_customer(shop, customer, claim("kept", 1, keeping)?).await?;
        same("the same request again", &attempt, &replayed)?;
    }
    let attempt = storage.create_customer(shop, new("kept"), claim("kept", 2, keeping)?).await?;
    same("another request", &attempt, &IdempotentOutcome::KeyReused)?;

    for _ in 0..2 {
        let attempt = storage.create_customer(shop, again(), claim("not kept", 1, customer_receipt)?).await?;
        same("an existing customer, without a receipt", &attempt, &IdempotentOutcome::Ran(existing.clone()))?;
    }
    // The replayed and refused requests created nothing, and the key is free.
    for (name, key) in [("kept", "not kept"), ("another", "another")] {
        match storage.create_customer(shop, new(name), claim(key, 2, customer_receipt)?).await? {
            IdempotentOutcome::Ran(CreateCustomerOutcome::Created(_)) => {}
            other => anyhow::bail!("a new customer with a free key returned {other:?}"),
        }
    }
    same("the existing customer", &storage.find_customer(shop, there.id).await?.as_ref(), &Some(there))
}
