use std::sync::Arc;

use hexdesk_domain::{PageSize, ShopId, Storage, Timestamp};

use crate::cases::events::walk;
use crate::comparison::same;
use crate::events::expected::ExpectedEvents;
use crate::events::settled_log::log_after;
use crate::samples::{at, stamp, user_by_email};

/// RETENTION-3: each step removes a shop's oldest events from before a time. Positions in the log
/// stay valid.
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
    same("removing events from before the first moment", &stay, &0)?;
    same("a log from which nothing was removed", &log_after(storage, other, None, PageSize::MAX).await?, &log)
}

/// Removes one shop's events in steps of this limit.
async fn steps(expected_events: &mut ExpectedEvents<'_>, shop: ShopId, limit: u32) -> anyhow::Result<()> {
    let storage = expected_events.storage;
    // Two events of the fixture, five more, one that stays, old ones after it, and a last one.
    for (index, millis) in (0..).zip([-5, 99, 3, -5, 99, 100, 3, -5]) {
        expected_events.stamps = vec![stamp(at(millis))];
        expected_events.add_user(shop, user_by_email(&format!("{index}@example.com"))).await?;
    }
    let log = expected_events.log(shop, "the log before anything is removed").await?;
    same("removing nothing", &storage.remove_events(shop, at(-6), limit).await?, &0)?;
    expect_removed(expected_events, shop, at(100), limit, 7).await?;
    let rest = log_after(storage, shop, None, PageSize::MAX).await?;
    same("the remaining events", &rest.as_slice(), &&log[7..])?;
    // After the last removed event, and every event that stays.
    for (read, event) in (1..).zip(&log).skip(6) {
        let rest = log_after(storage, shop, Some(event.position), PageSize::MAX).await?;
        same("the log after a position that was listed", &rest.as_slice(), &&log[read..])?;
    }
    expected_events.log(shop, "the log after its beginning was removed").await?;

    // Removes the whole log. New events come after the removed ones.
    let mut last =
        expected_events.log(shop, "the log before all of it is removed").await?.last().map(|it| it.position);
    for _ in 0..2 {
        let all = log_after(storage, shop, None, PageSize::MAX).await?.len();
        expect_removed(expected_events, shop, Timestamp::MAX, limit, all).await?;
        same(
            "the log after everything was removed",
            &log_after(storage, shop, None, PageSize::MAX).await?,
            &Vec::new(),
        )?;
        let log = expected_events.log(shop, "the log with a new event after everything was removed").await?;
        same(
            "the new events after an old position",
            &log_after(storage, shop, last, PageSize::of(2)).await?,
            &log,
        )?;
        last = log.last().map(|event| event.position);
    }
    Ok(())
}

/// Removes events from before this time in steps of this limit. Fails unless it removes the
/// expected number.
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
        // Removing too many would never end.
        if step < u64::from(limit) || removed > expected {
            break;
        }
        same("a full step", &step, &u64::from(limit))?;
    }
    same(&format!("the number of events removed in steps of {limit}"), &removed, &expected)?;
    expected_events.forget(shop, expected);
    Ok(())
}
