//! The creation and the rotation of API keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use async_trait::async_trait;
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    DeferredClaim, IdempotencyRequest, IdempotentOutcome, KeyNumber, NewApiKey, Receipt, SecretHash, ShopId,
    Storage, Timestamp, UserId,
};

use super::{Operation, Thing, answer_of, request, shown};
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, create_key, list_keys, new_key, rotation, secret_hash, stamp, user_id,
};

/// The creation of keys. A secret identifies each key.
pub(super) struct Keys;

/// A hash that is different for every number and different from those of [`secret_hash`].
fn hash_of(number: i64) -> SecretHash {
    let mut hash = secret_hash(1);
    for (byte, value) in hash.0.iter_mut().zip(number.to_be_bytes()) {
        *byte = value;
    }
    hash
}

fn creation_receipt(outcome: &CreateKeyOutcome) -> Option<Receipt> {
    match outcome {
        CreateKeyOutcome::Created(_) => Some(Receipt { response: answer_of(outcome), customer_id: None }),
        CreateKeyOutcome::UserNotFound => None,
    }
}

#[async_trait]
impl Operation for Keys {
    async fn attempt(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>> {
        let (number, user) = match thing {
            // Half of them have no user.
            Thing::New(number) => (number, (number % 4 < 2).then_some(fixture.user.id)),
            Thing::Refused(number) if number % 2 == 0 => (number, Some(user_id(UserId::MAX)?)),
            Thing::Refused(number) => (number, Some(user_id(404)?)),
        };
        let new = NewApiKey { secret_hash: hash_of(number), user_id: user, ..new_key(0) };
        let claim = request.map(|(request, requested_at)| DeferredClaim {
            request,
            requested_at,
            receipt: Arc::new(creation_receipt),
        });
        Ok(shown(storage.create_key(fixture.shop.id, new, claim).await?))
    }

    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool> {
        let keys = list_keys(storage, fixture.shop.id).await?;
        Ok(keys.iter().any(|key| key.secret_hash == hash_of(number)))
    }
}

/// The rotation of keys, one for each number. This map has the numbers that the store assigned.
#[derive(Default)]
pub(super) struct KeyRotations(Mutex<BTreeMap<(ShopId, i64), KeyNumber>>);

/// Added to the number of a key to get the number of its replacement's secret.
const ADDED: i64 = 1_000_000;
/// The number of a revoked key.
const DEAD: i64 = 2_000_000;

impl KeyRotations {
    fn key(&self, fixture: &ShopWithPeople, number: i64) -> Option<KeyNumber> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(&(fixture.shop.id, number)).copied()
    }

    /// Returns the key of this number and creates it if necessary.
    async fn prepared(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<KeyNumber> {
        if let Some(key) = self.key(fixture, number) {
            return Ok(key);
        }
        let new = NewApiKey { secret_hash: hash_of(number), ..new_key(0) };
        let key = create_key(storage, fixture.shop.id, new).await?.number;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((fixture.shop.id, number), key);
        Ok(key)
    }
}

fn rotation_receipt(outcome: &RotateKeyOutcome) -> Option<Receipt> {
    match outcome {
        RotateKeyOutcome::Rotated(_) => Some(Receipt { response: answer_of(outcome), customer_id: None }),
        RotateKeyOutcome::NotLive => None,
    }
}

#[async_trait]
impl Operation for KeyRotations {
    async fn prepare(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<()> {
        self.prepared(storage, fixture, number).await.map(drop)
    }

    async fn attempt(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>> {
        let (number, key) = match thing {
            Thing::New(number) => (number, self.prepared(storage, fixture, number).await?),
            Thing::Refused(number) if number % 2 == 0 => {
                (number, KeyNumber::new(i64::MAX).context("a key's number")?)
            }
            Thing::Refused(number) => {
                let dead = self.prepared(storage, fixture, DEAD).await?;
                storage.revoke_key(fixture.shop.id, dead, stamp(at(1))).await?;
                (number, dead)
            }
        };
        let rotation = KeyRotation {
            secret_hash: hash_of(ADDED + number),
            expires_at: (number % 3 == 0).then_some(at(9_000)),
            ..rotation(0, at(10), at(5_000))
        };
        let claim = request.map(|(request, requested_at)| DeferredClaim {
            request,
            requested_at,
            receipt: Arc::new(rotation_receipt),
        });
        Ok(shown(storage.rotate_key(fixture.shop.id, key, rotation, claim).await?))
    }

    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool> {
        let keys = list_keys(storage, fixture.shop.id).await?;
        let added = keys.iter().filter(|key| key.secret_hash == hash_of(ADDED + number)).count();
        let old = self.key(fixture, number);
        let has_ended = keys.iter().any(|key| Some(key.number) == old && key.expires_at.is_some());
        match (added, has_ended) {
            (0, false) => Ok(false),
            (1, true) => Ok(true),
            _ => {
                anyhow::bail!("a key rotated at most once has {added} replacements: {keys:?}")
            }
        }
    }
}

/// The record is checked before the key, which the first rotation changed.
pub(super) async fn rotation_is_replayed_whatever_became_of_the_key(
    storage: &dyn Storage,
) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "replayed.example.com").await?;
    let shop = fixture.shop.id;
    let key = create_key(storage, shop, new_key(1)).await?;
    let attempt = async |request_number: u8, rotated_at: i64| {
        let request = request("rotation", request_number)?;
        let claim = DeferredClaim { request, requested_at: at(3), receipt: Arc::new(rotation_receipt) };
        let rotation = rotation(2, at(rotated_at), at(rotated_at + 100));
        anyhow::Ok(shown(storage.rotate_key(shop, key.number, rotation, Some(claim)).await?))
    };
    let IdempotentOutcome::Ran(answer) = attempt(1, 10).await? else {
        anyhow::bail!("a rotation with a new key did not run");
    };
    let after = list_keys(storage, shop).await?;
    ensure!(after.len() == 2, "a rotation left {after:?}");
    // While the old key is live, after its end, and after its revocation.
    for is_revoked in [false, true] {
        if is_revoked {
            storage.revoke_key(shop, key.number, stamp(at(20))).await?;
        }
        let before = list_keys(storage, shop).await?;
        for rotated_at in [10, 11, 110, 500] {
            same(
                "the same rotation",
                &attempt(1, rotated_at).await?,
                &IdempotentOutcome::Replayed(answer.clone()),
            )?;
            same("another rotation", &attempt(2, rotated_at).await?, &IdempotentOutcome::KeyReused)?;
        }
        same("the shop's keys after repeated rotations", &list_keys(storage, shop).await?, &before)?;
    }
    Ok(())
}
