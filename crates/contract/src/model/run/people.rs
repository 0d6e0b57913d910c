//! Shops, and the creation of their people.

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CreateCustomerOutcome, CreateShopOutcome, CreateUserOutcome};
use hexdesk_domain::{
    CustomerId, CustomerStore, DeferredClaim, IdempotentOutcome, NewCustomer, NewUser, Receipt, ShopChange,
    ShopId, ShopStore, UserId, UserStore,
};

use super::super::pairing::Pairing;
use super::super::step::{Claim, Number, Slot};
use super::users::claim_of_creation;
use super::{Both, Model, both, pick, request_of};
use crate::comparison::same;
use crate::samples::{at, domain, stamp};

/// Far from each other and from the numbers that a store assigns.
const HIGH_NUMBERS: i64 = 1 << 41;
const LOW_NUMBERS: i64 = 1 << 40;
const BETWEEN_NUMBERS: i64 = 1_000_000;

impl Model {
    pub(super) async fn create_shop(&mut self, name: u8, millis: i64) -> anyhow::Result<()> {
        let domain = domain(&format!("shop-{name}.example.com"))?;
        let outcomes = both(
            self.tested.create_shop(&domain, at(millis)).await,
            self.reference.create_shop(&domain, at(millis)).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        if let (CreateShopOutcome::Created(tested), CreateShopOutcome::Created(reference)) =
            (&tested, &reference)
        {
            self.shop_ids.add(tested.id, reference.id)?;
            self.shops.push(Both { tested: tested.id, reference: reference.id });
            self.domains.push(domain);
        }
        let tested = match tested {
            CreateShopOutcome::Created(shop) => CreateShopOutcome::Created(self.shop(shop)?),
            CreateShopOutcome::AlreadyExists(shop) => CreateShopOutcome::AlreadyExists(self.shop(shop)?),
        };
        same("creating a shop", &tested, &reference)
    }

    pub(super) async fn change_shop(
        &mut self,
        name: u8,
        change: ShopChange,
        millis: i64,
    ) -> anyhow::Result<()> {
        let domain = domain(&format!("shop-{name}.example.com"))?;
        let stamp = stamp(at(millis));
        let outcomes = both(
            self.tested.change_shop(&domain, change, stamp).await,
            self.reference.change_shop(&domain, change, stamp).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        let tested = tested.map(|shop| self.shop(shop)).transpose()?;
        same("changing a shop", &tested, &reference)
    }

    pub(super) async fn create_customer(
        &mut self,
        shop: Slot,
        number: Number,
        new: NewCustomer,
        claim: Option<Claim>,
    ) -> anyhow::Result<()> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
        let asked = match number {
            Number::HandedOut => None,
            Number::Taken(slot) => self.customers.get(&shop.reference).and_then(|all| pick(all, slot)),
            Number::High | Number::Low => {
                let id = CustomerId::new(self.free_number(number)).context("a number to request")?;
                Some(Both { tested: id, reference: id })
            }
        };
        let claim = claim.map(|claim| claim_of_customer(claim, self.steps)).transpose()?;
        let asking = |id: Option<CustomerId>| NewCustomer { id, ..new.clone() };
        let outcomes = both(
            self.tested.create_customer(shop.tested, asking(asked.map(|id| id.tested)), claim.clone()).await,
            self.reference.create_customer(shop.reference, asking(asked.map(|id| id.reference)), claim).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        if let (
            IdempotentOutcome::Ran(CreateCustomerOutcome::Created(tested)),
            IdempotentOutcome::Ran(CreateCustomerOutcome::Created(reference)),
        ) = (&tested, &reference)
        {
            self.customer_ids
                .entry(shop.reference)
                .or_insert_with(Pairing::new)
                .add(tested.id, reference.id)?;
            self.customers
                .entry(shop.reference)
                .or_default()
                .push(Both { tested: tested.id, reference: reference.id });
            let largest = self.largest_customer.get(&shop.reference).copied();
            ensure!(
                asked.is_some() || largest.is_none_or(|largest| tested.id > largest),
                "the number {} was assigned after {largest:?}",
                tested.id
            );
            self.largest_customer.insert(shop.reference, largest.map_or(tested.id, |it| it.max(tested.id)));
        }
        same("creating a customer", &self.customer_attempt(tested)?, &reference)
    }

    pub(super) async fn create_user(
        &mut self,
        shop: Slot,
        number: Number,
        new: NewUser,
        claim: Option<Claim>,
    ) -> anyhow::Result<()> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
        let asked = match number {
            Number::HandedOut => None,
            Number::Taken(slot) => self.users.get(&shop.reference).and_then(|all| pick(all, slot)),
            Number::High | Number::Low => {
                let id = UserId::new(self.free_number(number)).context("a number to request")?;
                Some(Both { tested: id, reference: id })
            }
        };
        let claim = claim.map(|claim| claim_of_creation(claim, self.steps)).transpose()?;
        let asking = |id: Option<UserId>| NewUser { id, ..new.clone() };
        let outcomes = both(
            self.tested.create_user(shop.tested, asking(asked.map(|id| id.tested)), claim.clone()).await,
            self.reference.create_user(shop.reference, asking(asked.map(|id| id.reference)), claim).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        if let (
            IdempotentOutcome::Ran(CreateUserOutcome::Created(tested)),
            IdempotentOutcome::Ran(CreateUserOutcome::Created(reference)),
        ) = (&tested, &reference)
        {
            self.user_ids.entry(shop.reference).or_insert_with(Pairing::new).add(tested.id, reference.id)?;
            self.users
                .entry(shop.reference)
                .or_default()
                .push(Both { tested: tested.id, reference: reference.id });
            let largest = self.largest_user.get(&shop.reference).copied();
            ensure!(
                asked.is_some() || largest.is_none_or(|largest| tested.id > largest),
                "the number {} was assigned after {largest:?}",
                tested.id
            );
            self.largest_user.insert(shop.reference, largest.map_or(tested.id, |it| it.max(tested.id)));
        }
        same("creating a user", &self.user_attempt(tested)?, &reference)
    }

    pub(super) async fn look_at_people(&self, shop: Both<ShopId>) -> anyhow::Result<()> {
        for id in self.customers.get(&shop.reference).into_iter().flatten() {
            let found = self.tested.find_customer(shop.tested, id.tested).await?;
            let found = found.map(|customer| self.customer(customer)).transpose()?;
            same("a customer", &found, &self.reference.find_customer(shop.reference, id.reference).await?)?;
        }
        for id in self.users.get(&shop.reference).into_iter().flatten() {
            let found = self.tested.find_user(shop.tested, id.tested).await?;
            let found = found.map(|user| self.user(user)).transpose()?;
            same("a user", &found, &self.reference.find_user(shop.reference, id.reference).await?)?;
        }
        Ok(())
    }

    pub(super) fn free_number(&self, number: Number) -> i64 {
        match number {
            Number::Low => LOW_NUMBERS - self.steps * BETWEEN_NUMBERS,
            _ => HIGH_NUMBERS + self.steps * BETWEEN_NUMBERS,
        }
    }
}

/// Some callers keep a receipt of existing customers. It contains nothing that a store assigns, so
/// both stores keep the same.
fn claim_of_customer(claim: Claim, step: i64) -> anyhow::Result<DeferredClaim<CreateCustomerOutcome>> {
    let receipt = move |outcome: &CreateCustomerOutcome| {
        let (what, customer) = match outcome {
            CreateCustomerOutcome::Created(customer) => ("created", customer),
            CreateCustomerOutcome::Existing(customer) if step % 2 == 0 => ("existing", customer),
            CreateCustomerOutcome::Existing(_) | CreateCustomerOutcome::IdTaken => return None,
        };
        let response = format!("step {step}: {what} {:?}", customer.email).into_bytes();
        Some(Receipt { response, customer_id: Some(customer.id) })
    };
    Ok(DeferredClaim {
        request: request_of(claim)?,
        requested_at: at(step),
        receipt: std::sync::Arc::new(receipt),
    })
}
