//! Lists of keys, and counts.

use std::sync::Arc;

use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{ApiKey, NewApiKey, Page, PageSize, Shop, ShopChange, Storage, Timestamp};

use super::number;
use crate::comparison::same;
use crate::pages::{pages_of, sizes_by_bytes};
use crate::samples::{at, create_key, create_shop, new_key, stamp};

/// KEY-3: the list holds exactly the shop's keys, in order of number. Each key is on one page. The
/// count is the length of the list.
pub async fn key_3_list_holds_all_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let one = create_shop(storage, "one.example.com").await?;
    let two = create_shop(storage, "two.example.com").await?;
    let many = create_shop(storage, "many.example.com").await?;
    let mut expected = [Vec::new(), Vec::new(), Vec::new()];
    for shop in [&one, &two, &many] {
        expect_list(storage, shop, &[]).await?;
    }
    // Times and secrets are not in order of creation. Some keys are expired.
    for index in 0..205_u8 {
        let scattered = index.wrapping_mul(7);
        for (shop, keys) in [&one, &two, &many].into_iter().zip(&mut expected) {
            // One shop has more keys than two pages hold.
            if *shop != many && index >= 12 {
                continue;
            }
            let expires_at = (index % 3 == 0).then(|| Timestamp::MIN.saturating_add_millis(scattered.into()));
            let new = NewApiKey { stamp: stamp(at(-i64::from(scattered))), expires_at, ..new_key(scattered) };
            keys.push(create_key(storage, shop.id, new).await?);
        }
    }
    for (shop, keys) in [&one, &two, &many].into_iter().zip(&mut expected) {
        for key in keys.iter_mut().rev().step_by(4) {
            key.revoked_at = Some(at(9));
            storage.revoke_key(shop.id, key.number, stamp(at(9))).await?;
        }
        keys.sort_by_key(|key| key.number);
    }
    for (shop, keys) in [&one, &two, &many].into_iter().zip(&expected) {
        expect_list(storage, shop, keys).await?;
        // After any number, whether or not a key has it.
        for after in [1, 2, 7, 12, 13, 150, 205, 206, i64::from(i32::MAX), i64::MAX] {
            let after = number(after)?;
            let rest: Vec<_> = keys.iter().filter(|key| key.number > after).cloned().collect();
            let is_last = rest.len() <= usize::try_from(MAX_PAGE_ENTRIES)?;
            let page = storage.list_keys(shop.id, Some(after), PageSize::MAX).await?;
            let entries: Vec<_> = rest.into_iter().take(usize::try_from(MAX_PAGE_ENTRIES)?).collect();
            let next = entries.last().filter(|_| !is_last).map(|key| key.number);
            same(&format!("the keys after {after:?}"), &page, &Page { entries, next })?;
        }
    }
    storage.change_shop(&one.domain, ShopChange::Close, stamp(at(10))).await?;
    expect_list(storage, &one, &expected[0]).await
}

/// Fails unless pages of every size list exactly these keys, and the count is their number.
pub(super) async fn expect_list(storage: &dyn Storage, shop: &Shop, keys: &[ApiKey]) -> anyhow::Result<()> {
    same("the count of the shop's keys", &storage.count_keys(shop.id).await?, &u64::try_from(keys.len())?)?;
    let by_entries = [1, 2, 5, 11, 12, 13, MAX_PAGE_ENTRIES - 1, MAX_PAGE_ENTRIES].map(PageSize::of);
    for size in by_entries.into_iter().chain(sizes_by_bytes(keys)) {
        for (after, expected) in pages_of(keys, size, |key| key.number) {
            let page = storage.list_keys(shop.id, after, size).await?;
            same(&format!("a page of {size:?} after {after:?}"), &page, &expected)?;
        }
    }
    Ok(())
}
