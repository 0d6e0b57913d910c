//! Keys that replace others.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::ports::{KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{ApiKey, NewApiKey, Scope, Storage, Timestamp};

use super::{expect_keys, key_from, number};
use crate::comparison::same;
use crate::samples::{
    at, create_key, create_shop, create_user, extreme_times, list_keys, new_key, rotate_key, rotation,
    secret_hash, stamp, user_by_email,
};

/// KEY-5: a rotation adds a key like the old one and ends the old one.
pub async fn key_5_rotation_replaces_the_key(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?;
    let other = create_shop(&*storage, "other.example.com").await?;
    let user = create_user(&*storage, shop.id, user_by_email("agent@example.com")).await?;
    let neighbour = create_key(&*storage, shop.id, new_key(200)).await?;
    let of_other = create_key(&*storage, other.id, new_key(201)).await?;
    let now = at(1_000);
    let mut expected = vec![neighbour];
    let mut expiries = extreme_times().into_iter();
    for (expires_at, old_ends_at, ends) in [
        (None, at(5_000), at(5_000)),
        (None, now, now),
        (None, Timestamp::MAX, Timestamp::MAX),
        (Some(at(9_000)), at(5_000), at(5_000)),
        (Some(at(5_000)), at(5_000), at(5_000)),
        (Some(at(4_999)), at(5_000), at(4_999)),
        (Some(at(1_001)), Timestamp::MAX, at(1_001)),
    ] {
        for scopes in
            [&[Scope::TicketsRead][..], &[Scope::TicketsWrite], &[Scope::CustomersWrite], Scope::ALL]
        {
            let scopes: BTreeSet<_> = scopes.iter().copied().collect();
            let seed = u8::try_from(expected.len())?;
            // Every other key acts for a user.
            let user_id = (seed % 4 == 1).then_some(user.id);
            let new = NewApiKey { scopes: scopes.clone(), user_id, expires_at, ..new_key(seed) };
            let old = create_key(&*storage, shop.id, new).await?;
            // The new key's expiry does not depend on the old one's.
            let expires_at = expiries.next();
            let secret_hash = secret_hash(seed + 100);
            let rotation = KeyRotation { secret_hash, expires_at, stamp: stamp(now), old_ends_at };
            let outcome = rotate_key(&*storage, shop.id, old.number, rotation).await?;
            let RotateKeyOutcome::Rotated(added) = outcome else {
                anyhow::bail!("rotating a live key returned {outcome:?}");
            };
            let new = NewApiKey { secret_hash, scopes, user_id, stamp: stamp(now), expires_at };
            same("the added key", &added, &key_from(new, shop.id, added.number))?;
            expected.push(ApiKey { expires_at: Some(ends), ..old });
            expected.push(added);
        }
    }
    // A key added by a rotation can be rotated, even while the old key is live.
    let twice = create_key(&*storage, shop.id, new_key(90)).await?;
    let mut number = twice.number;
    let mut rotated = twice;
    for (round, old_ends_at) in [(91, at(3_000)), (92, at(2_000))] {
        let outcome = rotate_key(&*storage, shop.id, number, rotation(round, now, old_ends_at)).await?;
        let RotateKeyOutcome::Rotated(added) = outcome else {
            anyhow::bail!("rotating a live key returned {outcome:?}");
        };
        expected.push(ApiKey { expires_at: Some(old_ends_at), ..rotated });
        number = added.number;
        rotated = added;
    }
    expected.push(rotated);

    let numbers: BTreeSet<_> = expected.iter().map(|key| key.number).collect();
    ensure!(numbers.len() == expected.len(), "two keys have the same number: {numbers:?}");
    expected.sort_by_key(|key| key.number);
    same("the shop's keys", &list_keys(&*storage, shop.id).await?, &expected)?;
    expect_keys(&*storage, &shop, &expected).await?;
    same("the other shop's keys", &list_keys(&*storage, other.id).await?, &vec![of_other])
}

/// KEY-6: a missing, revoked or expired key cannot be rotated.
pub async fn key_6_dead_key_is_not_rotated(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?;
    let other = create_shop(&*storage, "other.example.com").await?;
    let now = at(1_000);
    let dead = [
        NewApiKey { expires_at: Some(now), ..new_key(1) },
        NewApiKey { expires_at: Some(at(999)), ..new_key(2) },
        NewApiKey { expires_at: Some(Timestamp::MIN), ..new_key(3) },
    ];
    for new in dead {
        create_key(&*storage, shop.id, new).await?;
    }
    // Revoked before, at and after the time of the rotation, with and without an expiry.
    for (seed, revoked_at) in [(4, at(1)), (5, now), (6, at(2_000))] {
        let expires_at = (seed == 5).then_some(Timestamp::MAX);
        let key = create_key(&*storage, shop.id, NewApiKey { expires_at, ..new_key(seed) }).await?;
        storage.revoke_key(shop.id, key.number, stamp(revoked_at)).await?;
    }
    let before = list_keys(&*storage, shop.id).await?;
    let unknown = [number(i64::from(i32::MAX))?, number(i64::MAX)?];
    for number in before.iter().map(|key| key.number).chain(unknown) {
        let outcome = rotate_key(&*storage, shop.id, number, rotation(9, now, at(5_000))).await?;
        same("rotating a dead key", &outcome, &RotateKeyOutcome::NotLive)?;
        same("the shop's keys", &list_keys(&*storage, shop.id).await?, &before)?;
        // This number is a key of another shop.
        let outcome = rotate_key(&*storage, other.id, number, rotation(9, now, at(5_000))).await?;
        same("rotating another shop's key", &outcome, &RotateKeyOutcome::NotLive)?;
        same("the other shop's keys", &list_keys(&*storage, other.id).await?, &Vec::new())?;
    }
    let live = create_key(&*storage, shop.id, new_key(7)).await?;
    let outcome = rotate_key(&*storage, other.id, live.number, rotation(9, now, at(5_000))).await?;
    same("rotating another shop's live key", &outcome, &RotateKeyOutcome::NotLive)?;
    expect_keys(&*storage, &shop, &[live]).await
}
