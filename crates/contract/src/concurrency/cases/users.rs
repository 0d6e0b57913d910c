//! Concurrent creations and updates of users.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CreateKeyOutcome, CreateUserOutcome, RotateKeyOutcome, UpdateUserOutcome};
use hexdesk_domain::{
    EventKind, IdempotentOutcome, KeyNumber, NewApiKey, NewUser, PageSize, ShopId, Storage, User,
    UserChanges, UserFilter, UserId,
};

use super::changes::{one_after_another, one_winner};
use super::{FEW_ROUNDS, RACERS, ROUNDS, has_its_own, race};
use crate::cases::user_changes::{attempt_update, change, deactivation_revokes_keys, update_user};
use crate::comparison::same;
use crate::events::settled_log::settled_log;
use crate::samples::{
    at, create_key, create_shop, create_user, list_keys, new_key, rotate_key, rotation, stamp, user_by_email,
    user_id,
};

/// USER-10: a deactivation revokes all of the user's keys, even those that concurrent calls add.
pub async fn user_10_deactivation_leaves_no_key(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    deactivation_revokes_keys(&*storage).await?;
    for round in 0..ROUNDS {
        let shop = create_shop(&*storage, &format!("round-{round}.example.com")).await?.id;
        let user = create_user(&*storage, shop, user_by_email("agent@example.com")).await?;
        let colleague = create_user(&*storage, shop, user_by_email("colleague@example.com")).await?;
        let mut numbers = Vec::new();
        for seed in 0..10 {
            let new = NewApiKey { user_id: Some(user.id), ..new_key(seed) };
            numbers.push(create_key(&*storage, shop, new).await?.number);
        }
        let added = race(RACERS, |racer| {
            let (storage, user, colleague) = (Arc::clone(&storage), user.clone(), colleague.clone());
            let key = numbers[racer % numbers.len()];
            async move { take_part(&*storage, racer, &user, &colleague, key).await }
        })
        .await?;
        numbers.extend(added.into_iter().flatten());
        numbers.sort_unstable();
        let found = storage.find_user(shop, user.id).await?.context("the user is not found")?;
        let deactivated_at = found.deactivated_at.context("a deactivated user is active")?;
        let keys = list_keys(&*storage, shop).await?;
        let listed: Vec<_> = keys.iter().map(|key| key.number).collect();
        same("the keys from before the race and from racers", &listed, &numbers)?;
        for key in &keys {
            // Revoked by the first deactivation, because no key is added after it.
            let expected = (key.user_id == Some(user.id)).then_some(deactivated_at);
            same("when a key was revoked", &key.revoked_at, &expected)?;
        }
    }
    Ok(())
}

/// Deactivates the user, or adds a key for the user or for a colleague. Returns the number of an
/// added key.
async fn take_part(
    storage: &dyn Storage,
    racer: usize,
    user: &User,
    colleague: &User,
    key: KeyNumber,
) -> anyhow::Result<Option<KeyNumber>> {
    let seed = u8::try_from(racer)?;
    match racer % 5 {
        0 => {
            let deactivate = UserChanges { is_active: Some(false), ..UserChanges::default() };
            let deactivate = change(deactivate, at(i64::from(seed)));
            update_user(storage, user.shop_id, user.id, deactivate).await?;
            Ok(None)
        }
        1 => match rotate_key(storage, user.shop_id, key, rotation(seed, at(5), at(9))).await? {
            RotateKeyOutcome::Rotated(added) => Ok(Some(added.number)),
            RotateKeyOutcome::NotLive => Ok(None),
        },
        other => {
            let owner = if other == 2 { colleague } else { user };
            let new = NewApiKey { user_id: Some(owner.id), ..new_key(seed) };
            match storage.create_key(user.shop_id, new, None).await? {
                IdempotentOutcome::Ran(CreateKeyOutcome::Created(added)) => Ok(Some(added.number)),
                IdempotentOutcome::Ran(CreateKeyOutcome::UserNotFound) if owner == user => Ok(None),
                other => anyhow::bail!("creating a racer's key returned {other:?}"),
            }
        }
    }
}

/// USER-12: of racing creations and updates for one e-mail address, and of creations for one number,
/// exactly one wins.
pub async fn user_12_one_of_racing_users_wins(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    const USERS: usize = 20;

    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let mut users = Vec::new();
    for racer in 0..USERS {
        users.push(create_user(&*storage, shop, user_by_email(&format!("of-{racer}@example.com"))).await?);
    }
    let mut numbers: BTreeSet<_> = users.iter().map(|user| user.id).collect();
    // Creations for an address, updates for an address, both, and creations for a number.
    type Updates = fn(usize) -> bool;
    let none: Updates = |_| false;
    let rounds: [(bool, Updates); 6] = [
        (false, none),
        (false, |_| true),
        (false, |racer| racer % 2 == 0),
        (true, none),
        (false, |racer| racer % 2 == 1),
        (true, none),
    ];
    for (round, (for_number, updates)) in rounds.into_iter().enumerate() {
        let before = all_users(&*storage, shop).await?;
        let results = race(USERS, |racer| {
            let (storage, id) = (Arc::clone(&storage), users[racer].id);
            async move {
                let name = if racer % 2 == 0 { "Ada" } else { "aDA" };
                let own = for_number || has_its_own(racer);
                let email = if own { format!("{name}-{round}-{racer}") } else { format!("{name}-{round}") };
                let email = format!("{email}@example.com");
                if updates(racer) {
                    let changes = UserChanges { email: Some(email), ..UserChanges::default() };
                    return Ok(match attempt_update(&*storage, shop, id, change(changes, at(1))).await? {
                        UpdateUserOutcome::Updated(user) => (racer, Some(user), None),
                        UpdateUserOutcome::EmailTaken => (racer, None, None),
                        other => anyhow::bail!("a racing update returned {other:?}"),
                    });
                }
                let number = user_id(i64::try_from(10_000 * (round + 1))?)?;
                let id = (for_number && !has_its_own(racer)).then_some(number);
                let new = NewUser { id, ..user_by_email(&email) };
                Ok(match storage.create_user(shop, new, None).await? {
                    IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) => (racer, Some(user), None),
                    IdempotentOutcome::Ran(CreateUserOutcome::EmailTaken(user)) if !for_number => {
                        (racer, None, Some(user))
                    }
                    IdempotentOutcome::Ran(CreateUserOutcome::IdTaken) if for_number => (racer, None, None),
                    other => anyhow::bail!("a racing creation returned {other:?}"),
                })
            }
        })
        .await?;
        let winners: Vec<_> = results
            .iter()
            .filter(|(racer, ..)| !has_its_own(*racer))
            .filter_map(|(_, won, _)| won.as_ref())
            .collect();
        one_winner("a user's address or number", &winners)?;
        let mut expected: BTreeMap<UserId, User> = before.into_iter().map(|user| (user.id, user)).collect();
        for (racer, won, there) in &results {
            ensure!(won.is_some() || !has_its_own(*racer), "a racer with its own address or number lost");
            if let Some(user) = won {
                let is_new = numbers.insert(user.id);
                ensure!(updates(*racer) || is_new, "two users have the number {}", user.id);
                expected.insert(user.id, user.clone());
            }
            if let Some(there) = there {
                same("the user returned to a creation that lost", &Some(&there), &winners.first())?;
            }
        }
        let found = all_users(&*storage, shop).await?;
        same("the users after the race", &found, &expected.into_values().collect())?;
    }
    Ok(())
}

async fn all_users(storage: &dyn Storage, shop: ShopId) -> anyhow::Result<Vec<User>> {
    let mut users = Vec::new();
    let mut after = None;
    // Far more pages than any case fills.
    for _ in 0..100 {
        let page = storage.list_users(shop, UserFilter::default(), after, PageSize::MAX).await?;
        users.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(users);
        }
    }
    anyhow::bail!("the list of users does not end")
}

/// USER-13: racing updates of one user keep each other's changes. The first deactivation sets the
/// time and revokes the keys.
pub async fn user_13_racing_updates_all_take_effect(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    const USERS: usize = 4;
    const KEYS: usize = 2;
    /// Racers that set one field each, and racers that deactivate.
    const FIELDS: usize = 4;
    const RACERS: usize = 8;

    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    for round in 0..FEW_ROUNDS {
        let mut users = Vec::new();
        for number in 0..USERS {
            // A full name of its own, which does not follow the others.
            let new = user_by_email(&format!("{round}-{number}@example.com"));
            let user = create_user(&*storage, shop, NewUser { full_name: Some("own".into()), ..new }).await?;
            for seed in 0..u8::try_from(KEYS)? {
                create_key(&*storage, shop, NewApiKey { user_id: Some(user.id), ..new_key(seed) }).await?;
            }
            users.push(user);
        }
        let results = race(USERS * RACERS, |racer| {
            let (storage, user, kind) = (Arc::clone(&storage), users[racer % USERS].clone(), racer / USERS);
            async move {
                let text = format!("{kind}");
                let nothing = UserChanges::default();
                let changes = match kind {
                    0 => UserChanges { first_name: Some(Some(text)), ..nothing },
                    1 => UserChanges { last_name: Some(Some(text)), ..nothing },
                    2 => UserChanges { full_name: Some(Some(text)), ..nothing },
                    3 => UserChanges { email: Some(format!("new-{}", user.email)), ..nothing },
                    _ => UserChanges { is_active: Some(false), ..nothing },
                };
                let time = at(i64::try_from(racer)?);
                Ok((
                    user.id,
                    kind.min(FIELDS),
                    update_user(&*storage, shop, user.id, change(changes, time)).await?,
                ))
            }
        })
        .await?;
        let keys = list_keys(&*storage, shop).await?;
        for user in &users {
            let shown = |now: &User| -> BTreeSet<usize> {
                let is_changed = [
                    now.first_name.is_some(),
                    now.last_name.is_some(),
                    now.full_name != user.full_name,
                    now.email != user.email,
                    now.deactivated_at.is_some(),
                ];
                is_changed.into_iter().enumerate().filter_map(|(kind, it)| it.then_some(kind)).collect()
            };
            let found = storage.find_user(shop, user.id).await?.context("a user of the race")?;
            same("the changes of a user after the race", &shown(&found), &(0..=FIELDS).collect())?;
            let mut changes = Vec::new();
            for (_, kind, now) in results.iter().filter(|(id, ..)| *id == user.id) {
                if now.deactivated_at.is_some() {
                    same("when a user was deactivated", &now.deactivated_at, &found.deactivated_at)?;
                }
                changes.push((*kind, shown(now)));
            }
            one_after_another("a user", changes)?;
            let of_user = keys.iter().filter(|key| key.user_id == Some(user.id));
            let revoked: Vec<_> = of_user.map(|key| key.revoked_at).collect();
            same("when the user's keys were revoked", &revoked, &vec![found.deactivated_at; KEYS])?;
        }
    }
    let (log, _) = settled_log(&*storage, shop, stamp(at(0))).await?;
    let count = |kind: EventKind| log.iter().filter(|event| event.kind == kind).count();
    // Of several deactivations, only the first changes the user.
    let changes = FIELDS + 1;
    same("the number of logged updates", &count(EventKind::UserUpdated), &(USERS * changes * FEW_ROUNDS))?;
    same("the number of logged revocations", &count(EventKind::ApiKeyRevoked), &(USERS * KEYS * FEW_ROUNDS))
}
