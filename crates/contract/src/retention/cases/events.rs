use std::sync::Arc;

use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{ShopId, Storage, Timestamp};

use crate::cases::events::walk;
use crate::comparison::same;
use crate::events::expected::ExpectedEvents;
use crate::events::settled_log::log_after;
use crate::samples::{at, stamp, user_by_email};

/// RETENTION-3: each step removes a shop's oldest events, as far as they are from before a
/// time, and places in the log keep their meaning.
pub async fn retention_3_removes_old_events(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let mut expected_events = ExpectedEvents::new(storage)?;
    let other = expected_events.create_shop_with_people("other.example.com").await?.shop.id;
    expected_events.stamps = vec![stamp(Timestamp::MIN)];
    walk(&mut expected_events, other, 1).await?;
    for limit in [1, 2, 1_000] {
        let shop =
            expected_events.create_shop_with_people(&format!("shop-{limit}.example.com")).await?.shop.id;
        steps(&mut expected_events, shop, limit).await?;
    }
    let log = expected_events.log(other, "another shop's log").await?;
    let stay = storage.remove_events(other, Timestamp::MIN, 1_000).await?;
    same("removing from before the first moment", &stay, &0)?;
    same(
        "a log from which nothing was removed",
        &log_after(storage, other, None, MAX_PAGE_ENTRIES).await?,
        &log,
    )
}

/// One shop's log, by steps of this limit.
async fn steps(expected_events: &mut ExpectedEvents<'_>, shop: ShopId, limit: u32) -> anyhow::Result<()> {
    let storage = expected_events.storage;
    // Two of the fixture, and five more; then one that stays, old ones behind it, and a last one.
    for (index, millis) in (0..).zip([-5, 99, 3, -5, 99, 100, 3, -5]) {
        expected_events.stamps = vec![stamp(at(millis))];
        expected_events.add_user(shop, user_by_email(&format!("{index}@example.com"))).await?;
    }
    let log = expected_events.log(shop, "the log before anything is removed").await?;
    same("removing nothing", &storage.remove_events(shop, at(-6), limit).await?, &0)?;
    expect_removed(expected_events, shop, at(100), limit, 7).await?;
    let rest = log_after(storage, shop, None, MAX_PAGE_ENTRIES).await?;
    same("what is left", &rest.as_slice(), &&log[7..])?;
    // Wherever a reader stopped, before or behind what is gone.
    for (read, event) in (1..).zip(&log) {
        let rest = log_after(storage, shop, Some(event.position), MAX_PAGE_ENTRIES).await?;
        same("the log after a place that was listed", &rest.as_slice(), &&log[read.max(7)..])?;
    }
    expected_events.log(shop, "the log when its beginning was removed").await?;

    // All of it: what is new stands behind what is gone.
    let mut last =
        expected_events.log(shop, "the log before all of it is removed").await?.last().map(|it| it.position);
    for _ in 0..2 {
        let all = log_after(storage, shop, None, MAX_PAGE_ENTRIES).await?.len();
        expect_removed(expected_events, shop, Timestamp::MAX, limit, all).await?;
        same("the log of nothing", &log_after(storage, shop, None, MAX_PAGE_ENTRIES).await?, &Vec::new())?;
        let log = expected_events.log(shop, "the log when all of it was removed").await?;
        same("the new events after an old place", &log_after(storage, shop, last, 2).await?, &log)?;
        last = log.last().map(|event| event.position);
    }
    Ok(())
}

/// Removes what is from before this time by steps of this limit, which must be so many events.
async fn expect_removed(
    expected_events: &mut ExpectedEvents<'_>,
    shop: ShopId,
    before: Timestamp,
    limit: u32,
    expected: usize,
) -> anyhow::Result<()> {
    let mut removed = 0;
    loop {
        let step = expected_events.storage.remove_events(shop, before, limit).await?;
        removed += usize::try_from(step)?;
        // More than there are would go on and on.
        if step < u64::from(limit) || removed > expected {
            break;
        }
        same("a full step", &step, &u64::from(limit))?;
    }
    same(&format!("how much is removed by steps of {limit}"), &removed, &expected)?;
    expected_events.forget(shop, expected);
    Ok(())
}
