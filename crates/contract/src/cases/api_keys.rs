//! The obligations of [`ApiKeyStore`](hexdesk_domain::ApiKeyStore).

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    ApiKey, Attempt, KeyNumber, NewApiKey, NewUser, Page, Scope, SecretHash, Shop, ShopId, Storage,
    Timestamp, UserChanges, UserId,
};

use crate::comparison::same;
use crate::samples::{
    at, create_key, create_shop, create_user, extreme_times, list_keys, new_key, rotate_key, rotation,
    secret_hash, user_by_email, user_id,
};

/// KEY-1: a number of its own, found as handed in, together with its shop.
pub async fn key_1_is_found_with_its_shop(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut shop = create_shop(&*storage, "shop.example.com").await?;
    let scopes: [&[Scope]; 7] = [
        &[],
        &[Scope::TicketsRead],
        &[Scope::TicketsWrite],
        &[Scope::CustomersRead],
        &[Scope::CustomersWrite],
        &[Scope::TicketsRead, Scope::CustomersWrite],
        Scope::ALL,
    ];
    let user = create_user(&*storage, shop.id, user_by_email("agent@example.com")).await?;
    let hashes = [[0; 32], [0xff; 32], *b"0123456789abcdef'\\\"\0%_\n\r\t {}[],;"];
    let mut all = Vec::new();
    for (index, scopes) in (0..).zip(scopes) {
        let user_id = (index % 2 == 0).then_some(user.id);
        all.push(NewApiKey { scopes: scopes.iter().copied().collect(), user_id, ..new_key(index) });
    }
    all.extend(hashes.map(|hash| NewApiKey { secret_hash: SecretHash(hash), ..new_key(0) }));
    let times = extreme_times();
    for (created_at, end) in times.iter().zip(times.iter().rev()) {
        all.push(NewApiKey { created_at: *created_at, expires_at: Some(*end), ..new_key(9) });
    }

    let mut expected = Vec::new();
    for new in all {
        let created = create_key(&*storage, shop.id, new.clone()).await?;
        same("the created key", &created, &key_from(new, shop.id, created.number))?;
        expected.push(created);
    }
    let numbers: BTreeSet<_> = expected.iter().map(|key| key.number).collect();
    ensure!(numbers.len() == expected.len(), "two keys have the same number: {numbers:?}");
    expect_keys(&*storage, &shop, &expected).await?;

    shop.closed_at = Some(at(70));
    storage.close_shop(&shop.domain, at(70)).await?;
    expect_keys(&*storage, &shop, &expected).await
}

/// KEY-2: a number that the shop has no key of is not found; another shop's neither.
pub async fn key_2_unknown_number_is_none(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = create_shop(&*storage, "one.example.com").await?;
    let two = create_shop(&*storage, "two.example.com").await?;
    same("a key of a shop without keys", &storage.find_key(one.id, number(1)?).await?, &None)?;
    let mut of_one = Vec::new();
    for seed in 1..=3 {
        of_one.push(create_key(&*storage, one.id, new_key(seed)).await?);
    }
    for key in &of_one {
        same("another shop's key", &storage.find_key(two.id, key.number).await?, &None)?;
    }
    let of_two = create_key(&*storage, two.id, new_key(4)).await?;
    for key in of_one.iter().filter(|key| key.number != of_two.number) {
        same("another shop's key", &storage.find_key(two.id, key.number).await?, &None)?;
    }
    for unknown in [i64::from(i32::MAX), i64::MAX] {
        same("an unknown number", &storage.find_key(one.id, number(unknown)?).await?, &None)?;
    }
    let no_shop = ShopId::new(ShopId::MAX).context("a shop's number")?;
    same("a key of a shop that is not there", &storage.find_key(no_shop, of_two.number).await?, &None)?;
    expect_keys(&*storage, &one, &of_one).await?;
    expect_keys(&*storage, &two, &[of_two]).await
}

/// KEY-3: the list holds the shop's keys and no other's, in order of number, each once on
/// some page; the count is its length.
pub async fn key_3_list_holds_all_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let one = create_shop(storage, "one.example.com").await?;
    let two = create_shop(storage, "two.example.com").await?;
    let many = create_shop(storage, "many.example.com").await?;
    let mut expected = [Vec::new(), Vec::new(), Vec::new()];
    for shop in [&one, &two, &many] {
        expect_list(storage, shop, &[]).await?;
    }
    // Neither the times nor the secrets are in the order of creation; some are expired.
    for index in 0..205_u8 {
        let scattered = index.wrapping_mul(7);
        for (shop, keys) in [&one, &two, &many].into_iter().zip(&mut expected) {
            // More than two pages hold in one of them.
            if *shop != many && index >= 12 {
                continue;
            }
            let expires_at = (index % 3 == 0).then(|| Timestamp::MIN.saturating_add_millis(scattered.into()));
            let new = NewApiKey { created_at: at(-i64::from(scattered)), expires_at, ..new_key(scattered) };
            keys.push(create_key(storage, shop.id, new).await?);
        }
    }
    for (shop, keys) in [&one, &two, &many].into_iter().zip(&mut expected) {
        for key in keys.iter_mut().rev().step_by(4) {
            key.revoked_at = Some(at(9));
            storage.revoke_key(shop.id, key.number, at(9)).await?;
        }
        keys.sort_by_key(|key| key.number);
    }
    for (shop, keys) in [&one, &two, &many].into_iter().zip(&expected) {
        expect_list(storage, shop, keys).await?;
        // From any place, whether a key is there or not.
        for after in [1, 2, 7, 12, 13, 150, 205, 206, i64::from(i32::MAX), i64::MAX] {
            let after = number(after)?;
            let rest: Vec<_> = keys.iter().filter(|key| key.number > after).cloned().collect();
            let is_last = rest.len() <= usize::try_from(MAX_PAGE_ENTRIES)?;
            let page = storage.list_keys(shop.id, Some(after), MAX_PAGE_ENTRIES).await?;
            let entries: Vec<_> = rest.into_iter().take(usize::try_from(MAX_PAGE_ENTRIES)?).collect();
            let next = entries.last().filter(|_| !is_last).map(|key| key.number);
            same(&format!("the keys after {after:?}"), &page, &Page { entries, next })?;
        }
    }
    storage.close_shop(&one.domain, at(10)).await?;
    expect_list(storage, &one, &expected[0]).await
}

/// Fails unless these are on the pages of the list, of whatever size, and counted.
async fn expect_list(storage: &dyn Storage, shop: &Shop, keys: &[ApiKey]) -> anyhow::Result<()> {
    same("the count of the shop's keys", &storage.count_keys(shop.id).await?, &u64::try_from(keys.len())?)?;
    for limit in [1, 2, 5, 11, 12, 13, MAX_PAGE_ENTRIES - 1, MAX_PAGE_ENTRIES] {
        let mut after = None;
        let mut pages = keys.chunks(usize::try_from(limit)?).peekable();
        loop {
            let entries = pages.next().unwrap_or_default().to_vec();
            let next = entries.last().filter(|_| pages.peek().is_some()).map(|key| key.number);
            let page = storage.list_keys(shop.id, after, limit).await?;
            same(&format!("a page of {limit} keys after {after:?}"), &page, &Page { entries, next })?;
            if next.is_none() {
                break;
            }
            after = next;
        }
    }
    Ok(())
}

/// KEY-4: revoking sets the time and answers the key; again keeps the first.
pub async fn key_4_first_revocation_stays(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = create_shop(&*storage, "one.example.com").await?;
    let two = create_shop(&*storage, "two.example.com").await?;
    let neighbour = create_key(&*storage, one.id, new_key(200)).await?;
    // Keys of the same numbers in the other shop, which stay as they are.
    let mut untouched = Vec::new();
    for seed in 0..3 {
        untouched.push(create_key(&*storage, two.id, new_key(seed)).await?);
    }
    for (index, revoked_at) in (0..).zip(extreme_times()) {
        // Expired keys can be revoked as well.
        let expires_at = (index % 2 == 0).then_some(Timestamp::MIN);
        let key = create_key(&*storage, one.id, NewApiKey { expires_at, ..new_key(index) }).await?;
        let revoked = Some(ApiKey { revoked_at: Some(revoked_at), ..key.clone() });
        for now in [revoked_at, revoked_at.saturating_add_millis(1), Timestamp::MIN, Timestamp::MAX] {
            same("revoking it", &storage.revoke_key(one.id, key.number, now).await?, &revoked)?;
            let found = storage.find_key(one.id, key.number).await?.map(|(key, _)| key);
            same("the revoked key", &found, &revoked)?;
        }
    }
    for unknown in [i64::from(i32::MAX), i64::MAX] {
        same("revoking no key", &storage.revoke_key(one.id, number(unknown)?, at(0)).await?, &None)?;
    }
    let only_of_one = list_keys(&*storage, one.id).await?.pop().context("the shop's keys are not listed")?;
    if untouched.iter().all(|key| key.number != only_of_one.number) {
        same(
            "revoking another shop's key",
            &storage.revoke_key(two.id, only_of_one.number, at(0)).await?,
            &None,
        )?;
    }
    expect_keys(&*storage, &one, &[neighbour]).await?;
    expect_keys(&*storage, &two, &untouched).await
}

/// KEY-5: rotating adds a key like the old one and ends the old one.
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
            // Every other key writes for a user.
            let user_id = (seed % 4 == 1).then_some(user.id);
            let new = NewApiKey { scopes: scopes.clone(), user_id, expires_at, ..new_key(seed) };
            let old = create_key(&*storage, shop.id, new).await?;
            // With an expiry of its own, whatever the old one's.
            let expires_at = expiries.next();
            let secret_hash = secret_hash(seed + 100);
            let rotation = KeyRotation { secret_hash, expires_at, rotated_at: now, old_ends_at };
            let outcome = rotate_key(&*storage, shop.id, old.number, rotation).await?;
            let RotateKeyOutcome::Rotated(added) = outcome else {
                anyhow::bail!("rotating a live key was answered {outcome:?}");
            };
            let new = NewApiKey { secret_hash, scopes, user_id, created_at: now, expires_at };
            same("the added key", &added, &key_from(new, shop.id, added.number))?;
            expected.push(ApiKey { expires_at: Some(ends), ..old });
            expected.push(added);
        }
    }
    // A key that was added by rotation can be rotated, and once more while the old one
    // lives.
    let twice = create_key(&*storage, shop.id, new_key(90)).await?;
    let mut number = twice.number;
    let mut rotated = twice;
    for (round, old_ends_at) in [(91, at(3_000)), (92, at(2_000))] {
        let outcome = rotate_key(&*storage, shop.id, number, rotation(round, now, old_ends_at)).await?;
        let RotateKeyOutcome::Rotated(added) = outcome else {
            anyhow::bail!("rotating a live key was answered {outcome:?}");
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

/// KEY-6: a key that is not there, revoked or expired cannot be rotated.
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
    // Revoked before, at and after the time of rotation, with and without an expiry.
    for (seed, revoked_at) in [(4, at(1)), (5, now), (6, at(2_000))] {
        let expires_at = (seed == 5).then_some(Timestamp::MAX);
        let key = create_key(&*storage, shop.id, NewApiKey { expires_at, ..new_key(seed) }).await?;
        storage.revoke_key(shop.id, key.number, revoked_at).await?;
    }
    let before = list_keys(&*storage, shop.id).await?;
    let unknown = [number(i64::from(i32::MAX))?, number(i64::MAX)?];
    for number in before.iter().map(|key| key.number).chain(unknown) {
        let outcome = rotate_key(&*storage, shop.id, number, rotation(9, now, at(5_000))).await?;
        same("rotating a dead key", &outcome, &RotateKeyOutcome::NotLive)?;
        same("the shop's keys", &list_keys(&*storage, shop.id).await?, &before)?;
        // A key of this number is there, but in another shop.
        let outcome = rotate_key(&*storage, other.id, number, rotation(9, now, at(5_000))).await?;
        same("rotating another shop's key", &outcome, &RotateKeyOutcome::NotLive)?;
        same("the other shop's keys", &list_keys(&*storage, other.id).await?, &Vec::new())?;
    }
    let live = create_key(&*storage, shop.id, new_key(7)).await?;
    let outcome = rotate_key(&*storage, other.id, live.number, rotation(9, now, at(5_000))).await?;
    same("rotating another shop's live key", &outcome, &RotateKeyOutcome::NotLive)?;
    expect_keys(&*storage, &shop, &[live]).await
}

/// KEY-7: a key in the name of someone who is not an active user of the shop is not added.
pub async fn key_7_missing_user_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let shop = create_shop(storage, "shop.example.com").await?;
    let other = create_shop(storage, "other.example.com").await?;
    let user =
        |id: Option<UserId>, name: &str| NewUser { id, ..user_by_email(&format!("{name}@example.com")) };
    let active = create_user(storage, shop.id, user(None, "active")).await?.id;
    let others = create_user(storage, other.id, user(Some(user_id(500)?), "other")).await?.id;
    let gone = create_user(storage, shop.id, user(None, "gone")).await?.id;
    // Deactivated in one shop, and active in the other.
    create_user(storage, other.id, user(Some(gone), "active")).await?;
    set_active(storage, shop.id, gone, false).await?;

    let in_the_name_of = |user_id: UserId| NewApiKey { user_id: Some(user_id), ..new_key(1) };
    let mut expected = Vec::new();
    for refused in [others, gone, user_id(UserId::MAX)?, user_id(404)?] {
        let attempt = storage.create_key(shop.id, in_the_name_of(refused), None).await?;
        same(&format!("a key of {refused}"), &attempt, &Attempt::Ran(CreateKeyOutcome::UserNotFound))?;
        expect_list(storage, &shop, &expected).await?;
        // What is refused is not in the way of others.
        expected.push(create_key(storage, shop.id, in_the_name_of(active)).await?);
        expected.push(create_key(storage, shop.id, new_key(2)).await?);
        expect_list(storage, &shop, &expected).await?;
    }
    let of_other = create_key(storage, other.id, in_the_name_of(gone)).await?;
    expect_list(storage, &other, &[of_other]).await?;
    // Active again, the user may have keys again.
    set_active(storage, shop.id, gone, true).await?;
    expected.push(create_key(storage, shop.id, in_the_name_of(gone)).await?);
    expect_list(storage, &shop, &expected).await
}

async fn set_active(storage: &dyn Storage, shop: ShopId, id: UserId, is_active: bool) -> anyhow::Result<()> {
    let changes = UserChanges { is_active: Some(is_active), ..UserChanges::default() };
    match storage.update_user(shop, id, UserUpdate { changes, changed_at: at(5) }, None).await? {
        Attempt::Ran(UpdateUserOutcome::Updated(_)) => Ok(()),
        other => anyhow::bail!("a user's update was answered {other:?}"),
    }
}

fn number(number: i64) -> anyhow::Result<KeyNumber> {
    KeyNumber::new(number).with_context(|| format!("{number} as a key's number"))
}

fn key_from(new: NewApiKey, shop_id: ShopId, number: KeyNumber) -> ApiKey {
    let NewApiKey { secret_hash, scopes, user_id, created_at, expires_at } = new;
    ApiKey { shop_id, number, secret_hash, scopes, user_id, created_at, expires_at, revoked_at: None }
}

/// Fails unless each of the keys is found with the shop.
async fn expect_keys(storage: &dyn Storage, shop: &Shop, keys: &[ApiKey]) -> anyhow::Result<()> {
    for key in keys {
        let found = storage.find_key(shop.id, key.number).await?;
        same("the key by its number", &found, &Some((key.clone(), shop.clone())))?;
    }
    Ok(())
}
