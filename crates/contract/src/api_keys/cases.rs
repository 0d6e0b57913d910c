//! The obligations of [`ApiKeyStore`](hexdesk_domain::ApiKeyStore).

mod lists;
mod rotation;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CreateKeyOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    ApiKey, IdempotentOutcome, KeyNumber, NewApiKey, NewUser, Scope, SecretHash, Shop, ShopChange, ShopId,
    Storage, Timestamp, UserChanges, UserId,
};

use self::lists::expect_list;
use crate::comparison::same;
use crate::samples::{
    at, create_key, create_shop, create_user, extreme_times, list_keys, new_key, stamp, user_by_email,
    user_id,
};

pub use self::lists::key_3_list_holds_all_in_order;
pub use self::rotation::{key_5_rotation_replaces_the_key, key_6_dead_key_is_not_rotated};

/// KEY-1: each key has its own number. It is found as passed in, with its shop.
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
        all.push(NewApiKey { stamp: stamp(*created_at), expires_at: Some(*end), ..new_key(9) });
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

    (shop.closed_at, shop.reopen_on_reply) = (Some(at(70)), true);
    storage.change_shop(&shop.domain, ShopChange::SetReopenOnReply(true), stamp(at(0))).await?;
    storage.change_shop(&shop.domain, ShopChange::Close, stamp(at(70))).await?;
    expect_keys(&*storage, &shop, &expected).await
}

/// KEY-2: a number without a key in the shop is not found. Neither is another shop's key.
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
    same("a key of a missing shop", &storage.find_key(no_shop, of_two.number).await?, &None)?;
    expect_keys(&*storage, &one, &of_one).await?;
    expect_keys(&*storage, &two, &[of_two]).await
}

/// KEY-4: revoking sets the time and returns the key. A second revocation keeps the first time.
pub async fn key_4_first_revocation_stays(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = create_shop(&*storage, "one.example.com").await?;
    let two = create_shop(&*storage, "two.example.com").await?;
    let neighbour = create_key(&*storage, one.id, new_key(200)).await?;
    // Keys with the same numbers in the other shop. They do not change.
    let mut untouched = Vec::new();
    for seed in 0..3 {
        untouched.push(create_key(&*storage, two.id, new_key(seed)).await?);
    }
    for (index, revoked_at) in (0..).zip(extreme_times()) {
        // Expired keys can be revoked, too.
        let expires_at = (index % 2 == 0).then_some(Timestamp::MIN);
        let key = create_key(&*storage, one.id, NewApiKey { expires_at, ..new_key(index) }).await?;
        let revoked = Some(ApiKey { revoked_at: Some(revoked_at), ..key.clone() });
        for now in [revoked_at, revoked_at.saturating_add_millis(1), Timestamp::MIN, Timestamp::MAX] {
            same("revoking it", &storage.revoke_key(one.id, key.number, stamp(now)).await?, &revoked)?;
            let found = storage.find_key(one.id, key.number).await?.map(|(key, _)| key);
            same("the revoked key", &found, &revoked)?;
        }
    }
    for unknown in [i64::from(i32::MAX), i64::MAX] {
        same("revoking no key", &storage.revoke_key(one.id, number(unknown)?, stamp(at(0))).await?, &None)?;
    }
    let only_of_one = list_keys(&*storage, one.id).await?.pop().context("the shop's keys are not listed")?;
    if untouched.iter().all(|key| key.number != only_of_one.number) {
        same(
            "revoking another shop's key",
            &storage.revoke_key(two.id, only_of_one.number, stamp(at(0))).await?,
            &None,
        )?;
    }
    expect_keys(&*storage, &one, &[neighbour]).await?;
    expect_keys(&*storage, &two, &untouched).await
}

/// KEY-7: a key for a user who is not an active user of the shop is not added.
pub async fn key_7_missing_user_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let shop = create_shop(storage, "shop.example.com").await?;
    let other = create_shop(storage, "other.example.com").await?;
    let user =
        |id: Option<UserId>, name: &str| NewUser { id, ..user_by_email(&format!("{name}@example.com")) };
    let active = create_user(storage, shop.id, user(None, "active")).await?.id;
    let others = create_user(storage, other.id, user(Some(user_id(500)?), "other")).await?.id;
    let gone = create_user(storage, shop.id, user(None, "gone")).await?.id;
    // Inactive in one shop, active in the other.
    create_user(storage, other.id, user(Some(gone), "active")).await?;
    set_active(storage, shop.id, gone, false).await?;

    let in_the_name_of = |user_id: UserId| NewApiKey { user_id: Some(user_id), ..new_key(1) };
    let mut expected = Vec::new();
    for refused in [others, gone, user_id(UserId::MAX)?, user_id(404)?] {
        let attempt = storage.create_key(shop.id, in_the_name_of(refused), None).await?;
        same(
            &format!("a key for user {refused}"),
            &attempt,
            &IdempotentOutcome::Ran(CreateKeyOutcome::UserNotFound),
        )?;
        expect_list(storage, &shop, &expected).await?;
        // Refused keys do not block others.
        expected.push(create_key(storage, shop.id, in_the_name_of(active)).await?);
        expected.push(create_key(storage, shop.id, new_key(2)).await?);
        expect_list(storage, &shop, &expected).await?;
    }
    let of_other = create_key(storage, other.id, in_the_name_of(gone)).await?;
    expect_list(storage, &other, &[of_other]).await?;
    // Once active again, the user can have keys again.
    set_active(storage, shop.id, gone, true).await?;
    expected.push(create_key(storage, shop.id, in_the_name_of(gone)).await?);
    expect_list(storage, &shop, &expected).await
}

async fn set_active(storage: &dyn Storage, shop: ShopId, id: UserId, is_active: bool) -> anyhow::Result<()> {
    let changes = UserChanges { is_active: Some(is_active), ..UserChanges::default() };
    match storage.update_user(shop, id, UserUpdate { changes, stamp: stamp(at(5)) }, None).await? {
        IdempotentOutcome::Ran(UpdateUserOutcome::Updated(_)) => Ok(()),
        other => anyhow::bail!("a user's update returned {other:?}"),
    }
}

fn number(number: i64) -> anyhow::Result<KeyNumber> {
    KeyNumber::new(number).with_context(|| format!("{number} as a key's number"))
}

fn key_from(new: NewApiKey, shop_id: ShopId, number: KeyNumber) -> ApiKey {
    let NewApiKey { secret_hash, scopes, user_id, stamp, expires_at } = new;
    let created_at = stamp.time;
    ApiKey { shop_id, number, secret_hash, scopes, user_id, created_at, expires_at, revoked_at: None }
}

/// Fails unless each key is found with the shop.
async fn expect_keys(storage: &dyn Storage, shop: &Shop, keys: &[ApiKey]) -> anyhow::Result<()> {
    for key in keys {
        let found = storage.find_key(shop.id, key.number).await?;
        same("the key by its number", &found, &Some((key.clone(), shop.clone())))?;
    }
    Ok(())
}
