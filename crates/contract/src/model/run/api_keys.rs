//! API keys.

use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, DeferredClaim, IdempotentOutcome, KeyNumber, NewApiKey, PageSize, Receipt,
    SecretHash, ShopId, UserId,
};

use super::super::pairing::Pairing;
use super::super::step::{Claim, Slot};
use super::{Both, Model, both, pick, request_of};
use crate::comparison::same;
use crate::pages::pages_of;
use crate::samples::{at, list_keys, new_key, secret_hash, stamp};

impl Model {
    pub(super) async fn create_key(
        &mut self,
        shop: Slot,
        user: Option<Slot>,
        new: NewApiKey,
        claim: Option<Claim>,
    ) -> anyhow::Result<()> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
        let users = self.users.get(&shop.reference);
        let user = user.zip(users).and_then(|(slot, users)| pick(users, slot));
        let of = |user_id: Option<UserId>| NewApiKey { user_id, ..new.clone() };
        let claim = claim.map(|claim| claim_of_creation(claim, self.steps)).transpose()?;
        let attempts = both(
            self.tested.create_key(shop.tested, of(user.map(|user| user.tested)), claim.clone()).await,
            self.reference.create_key(shop.reference, of(user.map(|user| user.reference)), claim).await,
        )?;
        let Some(Both { tested, reference }) = attempts else { return Ok(()) };
        // Calls are sequential here, so the first use of every key has ended.
        ensure!(tested != IdempotentOutcome::InProgress, "a key's creation stays in progress");
        if let (
            IdempotentOutcome::Ran(CreateKeyOutcome::Created(tested)),
            IdempotentOutcome::Ran(CreateKeyOutcome::Created(reference)),
        ) = (&tested, &reference)
        {
            self.learn_key(tested, reference)?;
        }
        let tested = match tested {
            IdempotentOutcome::Ran(CreateKeyOutcome::Created(key)) => {
                IdempotentOutcome::Ran(CreateKeyOutcome::Created(self.key(key)?))
            }
            // These outcomes contain no key.
            other => other,
        };
        same("creating a key", &tested, &reference)
    }

    pub(super) async fn revoke_key(&mut self, shop: Slot, key: Slot, millis: i64) -> anyhow::Result<()> {
        let Some((shop, number)) = self.key_at(shop, key) else { return Ok(()) };
        let keys = both(
            self.tested.revoke_key(shop.tested, number.tested, stamp(at(millis))).await,
            self.reference.revoke_key(shop.reference, number.reference, stamp(at(millis))).await,
        )?;
        let Some(Both { tested, reference }) = keys else { return Ok(()) };
        same("revoking a key", &tested.map(|key| self.key(key)).transpose()?, &reference)
    }

    pub(super) async fn rotate_key(
        &mut self,
        shop: Slot,
        key: Slot,
        rotation: KeyRotation,
        claim: Option<Claim>,
    ) -> anyhow::Result<()> {
        let Some((shop, number)) = self.key_at(shop, key) else { return Ok(()) };
        let claim = claim.map(|claim| claim_of_rotation(claim, self.steps)).transpose()?;
        let attempts = both(
            self.tested.rotate_key(shop.tested, number.tested, rotation.clone(), claim.clone()).await,
            self.reference.rotate_key(shop.reference, number.reference, rotation, claim).await,
        )?;
        let Some(Both { tested, reference }) = attempts else { return Ok(()) };
        ensure!(tested != IdempotentOutcome::InProgress, "a key's rotation stays in progress");
        if let (
            IdempotentOutcome::Ran(RotateKeyOutcome::Rotated(tested)),
            IdempotentOutcome::Ran(RotateKeyOutcome::Rotated(reference)),
        ) = (&tested, &reference)
        {
            self.learn_key(tested, reference)?;
        }
        let tested = match tested {
            IdempotentOutcome::Ran(RotateKeyOutcome::Rotated(key)) => {
                IdempotentOutcome::Ran(RotateKeyOutcome::Rotated(self.key(key)?))
            }
            // These outcomes contain no key.
            other => other,
        };
        same("rotating a key", &tested, &reference)
    }

    pub(super) async fn look_at_keys(&self, shop: Both<ShopId>) -> anyhow::Result<()> {
        // Compares the pages with the store's own list, because the reference may number keys in
        // another order.
        let list = list_keys(&*self.tested, shop.tested).await?;
        ensure!(list.is_sorted_by_key(|key| key.number), "the keys are not in order of number");
        let by_entries = (1..4).map(PageSize::of);
        for size in by_entries.chain([PageSize { entries: 3, bytes: 20 }]) {
            for (after, expected) in pages_of(&list, size, |key| key.number) {
                let page = self.tested.list_keys(shop.tested, after, size).await?;
                same(&format!("a page of {size:?} after {after:?}"), &page, &expected)?;
            }
        }
        let count = self.tested.count_keys(shop.tested).await?;
        same("the count of keys", &count, &self.reference.count_keys(shop.reference).await?)?;
        let mut keys = list.into_iter().map(|key| self.key(key)).collect::<anyhow::Result<Vec<_>>>()?;
        keys.sort_by_key(|key| key.number);
        same("the list of keys", &keys, &list_keys(&self.reference, shop.reference).await?)?;
        for number in self.keys.get(&shop.reference).into_iter().flatten() {
            let found = self.tested.find_key(shop.tested, number.tested).await?;
            let found =
                found.map(|(key, shop)| anyhow::Ok((self.key(key)?, self.shop(shop)?))).transpose()?;
            same("a key", &found, &self.reference.find_key(shop.reference, number.reference).await?)?;
        }
        Ok(())
    }

    pub(super) fn secret(&self) -> SecretHash {
        // A run has only a few steps.
        u8::try_from(self.steps).map_or(new_key(0).secret_hash, secret_hash)
    }

    pub(super) fn key_at(&self, shop: Slot, key: Slot) -> Option<(Both<ShopId>, Both<KeyNumber>)> {
        let shop = pick(&self.shops, shop)?;
        Some((shop, pick(self.keys.get(&shop.reference)?, key)?))
    }

    pub(super) fn learn_key(&mut self, tested: &ApiKey, reference: &ApiKey) -> anyhow::Result<()> {
        let shop = reference.shop_id;
        self.key_numbers.entry(shop).or_insert_with(Pairing::new).add(tested.number, reference.number)?;
        let numbers = Both { tested: tested.number, reference: reference.number };
        self.keys.entry(shop).or_default().push(numbers);
        Ok(())
    }
}

/// The receipt contains nothing that a store assigns, so both stores keep the same.
fn claim_of_creation(claim: Claim, step: i64) -> anyhow::Result<DeferredClaim<CreateKeyOutcome>> {
    let receipt = move |outcome: &CreateKeyOutcome| match outcome {
        CreateKeyOutcome::Created(key) => Some(receipt_of(step, key)),
        CreateKeyOutcome::UserNotFound => None,
    };
    Ok(DeferredClaim { request: request_of(claim)?, requested_at: at(step), receipt: Arc::new(receipt) })
}

fn claim_of_rotation(claim: Claim, step: i64) -> anyhow::Result<DeferredClaim<RotateKeyOutcome>> {
    let receipt = move |outcome: &RotateKeyOutcome| match outcome {
        RotateKeyOutcome::Rotated(key) => Some(receipt_of(step, key)),
        RotateKeyOutcome::NotLive => None,
    };
    Ok(DeferredClaim { request: request_of(claim)?, requested_at: at(step), receipt: Arc::new(receipt) })
}

fn receipt_of(step: i64, key: &ApiKey) -> Receipt {
    let answer = format!("step {step}: {:?} until {:?}", key.scopes, key.expires_at);
    Receipt { response: answer.into_bytes(), customer_id: None }
}
