//! Concurrent revocations and rotations of keys.

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::ports::RotateKeyOutcome;
use hexdesk_domain::{ApiKey, EventKind, NewApiKey, ShopId, Storage, UserChanges};

use super::{ROUNDS, race};
use crate::cases::user_changes::{change, update_user};
use crate::comparison::same;
use crate::events::settled_log::settled_log;
use crate::samples::{
    at, create_key, create_shop, create_user, new_key, rotate_key, rotation, stamp, user_by_email,
};

const KEYS: usize = 5;
/// The racers for each key.
const RACERS: usize = 6;

async fn find(storage: &dyn Storage, key: &ApiKey) -> anyhow::Result<ApiKey> {
    let found = storage.find_key(key.shop_id, key.number).await?;
    Ok(found.context("a key of the race is not found")?.0)
}

/// Fails unless the shop's log has this many events of this kind.
async fn expect_events(
    storage: &dyn Storage,
    shop: ShopId,
    kind: EventKind,
    count: usize,
) -> anyhow::Result<()> {
    let (log, _) = settled_log(storage, shop, stamp(at(0))).await?;
    let found = log.iter().filter(|event| event.kind == kind).count();
    same(&format!("the number of {kind:?} in the log"), &found, &count)
}

/// KEY-9: racing revocations of a key, also by the deactivation of its user, revoke it once.
pub async fn key_9_one_of_racing_revocations_wins(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    for round in 0..ROUNDS {
        let mut keys = Vec::new();
        for number in 0..KEYS {
            let user =
                create_user(&*storage, shop, user_by_email(&format!("{round}-{number}@example.com"))).await?;
            let new = NewApiKey { user_id: Some(user.id), ..new_key(1) };
            keys.push(create_key(&*storage, shop, new).await?);
        }
        let times = race(KEYS * RACERS, |racer| {
            let (storage, key) = (Arc::clone(&storage), keys[racer % KEYS].clone());
            async move {
                let time = at(i64::try_from(racer)?);
                if racer / KEYS == RACERS / 2
                    && let Some(user) = key.user_id
                {
                    let off = UserChanges { is_active: Some(false), ..UserChanges::default() };
                    update_user(&*storage, shop, user, change(off, time)).await?;
                    return Ok((key.number, find(&*storage, &key).await?.revoked_at));
                }
                let revoked = storage.revoke_key(shop, key.number, stamp(time)).await?;
                Ok((key.number, revoked.context("a key of the race is not found")?.revoked_at))
            }
        })
        .await?;
        for key in &keys {
            let revoked_at = find(&*storage, key).await?.revoked_at;
            let times: Vec<_> =
                times.iter().filter(|(number, _)| *number == key.number).map(|(_, time)| *time).collect();
            same("the times at which a key was revoked", &times, &vec![revoked_at; RACERS])?;
            let racers = (0..KEYS * RACERS).map(|racer| Some(at(i64::try_from(racer).unwrap_or_default())));
            same("whether the time is a racer's", &racers.into_iter().any(|time| time == revoked_at), &true)?;
        }
    }
    expect_events(&*storage, shop, EventKind::ApiKeyRevoked, KEYS * ROUNDS).await
}

/// KEY-10: a key is rotated before it is revoked, or not at all. A key that ends with its rotation is
/// rotated once.
pub async fn key_10_revoked_key_is_not_rotated(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let (mut rotations, mut revocations) = (0, 0);
    for round in 0..ROUNDS {
        let mut keys = Vec::new();
        for _ in 0..KEYS {
            keys.push(create_key(&*storage, shop, new_key(1)).await?);
        }
        // Every second key is revoked, by one racer. The others rotate, and the old key ends at once.
        let is_revoked = |key: usize| key.is_multiple_of(2);
        let effects = race(KEYS * RACERS, |racer| {
            let (storage, key) = (Arc::clone(&storage), keys[racer % KEYS].clone());
            let revokes = racer / KEYS == round && is_revoked(racer % KEYS);
            async move {
                let (seed, now) = (u8::try_from(racer)?, at(9));
                if revokes {
                    let revoked = storage.revoke_key(shop, key.number, stamp(now)).await?;
                    return Ok((key.number, revoked, false));
                }
                let outcome = rotate_key(&*storage, shop, key.number, rotation(seed, now, now)).await?;
                Ok((key.number, None, matches!(outcome, RotateKeyOutcome::Rotated(_))))
            }
        })
        .await?;
        for (place, key) in keys.iter().enumerate() {
            let found = find(&*storage, key).await?;
            let of_key = || effects.iter().filter(|(number, ..)| *number == key.number);
            let rotated = of_key().filter(|(.., rotated)| *rotated).count();
            let ended = ApiKey { expires_at: (rotated > 0).then_some(at(9)), ..key.clone() };
            if is_revoked(place) {
                let revoked = of_key().find_map(|(_, revoked, _)| revoked.clone());
                same("a revoked key after the race", &Some(&found), &revoked.as_ref())?;
                same("a revoked key", &found, &ApiKey { revoked_at: Some(at(9)), ..ended })?;
                same("whether a key was rotated more than once", &(rotated > 1), &false)?;
                revocations += 1;
            } else {
                same("the number of rotations of a key", &rotated, &1)?;
                same("a rotated key after the race", &found, &ended)?;
            }
            rotations += rotated;
        }
        let keys = u64::try_from(KEYS * (round + 1) + rotations)?;
        same("the number of keys", &storage.count_keys(shop).await?, &keys)?;
    }
    expect_events(&*storage, shop, EventKind::ApiKeyRevoked, revocations).await?;
    expect_events(&*storage, shop, EventKind::ApiKeyRotated, rotations).await
}
