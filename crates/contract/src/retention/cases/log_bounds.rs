//! The beginning and the end of the log.

use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::ports::CreateTicketOutcome;
use hexdesk_domain::{Event, EventsRemoved, PageSize, ShopId, Storage, Timestamp};

use crate::cases::concurrency::race;
use crate::comparison::same;
use crate::events::settled_log::{log_after, settled_log};
use crate::samples::{
    ShopWithPeople, at, create_shop, create_user, creation, expect_outcomes, stamp, user_by_email,
};

const RACERS: usize = 12;
/// The number of racers that write, or remove.
const WRITERS: usize = 2;
const ROUNDS: usize = 3;
const PAGE: PageSize = PageSize { entries: 4, ..PageSize::MAX };

/// Creates a shop with old events: of its people, of each of these users, and of a batch of tickets.
/// Returns its log. The last event is younger.
async fn shop_with_log(
    storage: &dyn Storage,
    name: &str,
    users: usize,
) -> anyhow::Result<(ShopId, Vec<Event>)> {
    let fixture = ShopWithPeople::create(storage, name).await?;
    let shop = fixture.shop.id;
    for user in 0..users {
        create_user(storage, shop, user_by_email(&format!("{user}@example.com"))).await?;
    }
    let batch: Vec<_> = (1..=5).map(|id| fixture.ticket(id).map(creation)).collect::<anyhow::Result<_>>()?;
    let created = vec![CreateTicketOutcome::Created; batch.len()];
    expect_outcomes(storage, "the tickets", batch, &created).await?;
    let (mut log, last) = settled_log(storage, shop, stamp(at(1_000))).await?;
    log.push(last);
    Ok((shop, log))
}

/// EVENT-15: a list that starts before the beginning of the log returns `EventsRemoved`.
pub async fn event_15_no_list_skips_removed_events(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (other, others_log) = shop_with_log(&*storage, "other.example.com", 1).await?;
    let (shop, log) = shop_with_log(&*storage, "shop.example.com", 4).await?;
    let old = log.len() - 1;
    let mut removed = 0;
    // The last step removes nothing. Some steps end within a change.
    for limit in [0, 3, 1, 4, 100, 100] {
        if limit > 0 {
            removed += usize::try_from(storage.remove_events(shop, at(1_000), limit).await?)?;
        }
        expect_beginning(&*storage, shop, &log, removed).await?;
        expect_beginning(&*storage, other, &others_log, 0).await?;
    }
    same("the number of removed events", &removed, &old)?;
    storage.remove_events(shop, Timestamp::MAX, 100).await?;
    expect_beginning(&*storage, shop, &log, log.len()).await?;

    for round in 0..ROUNDS {
        let name = format!("round-{round}.example.com");
        let (shop, log) = shop_with_log(&*storage, &name, 20).await?;
        let log = Arc::new(log);
        race(RACERS, |racer| {
            let (storage, log) = (Arc::clone(&storage), Arc::clone(&log));
            async move {
                if racer < WRITERS {
                    while storage.remove_events(shop, at(1_000), 2).await? > 0 {
                        tokio::task::yield_now().await;
                    }
                    return Ok(());
                }
                for (read, event) in (1..).zip(&*log) {
                    match storage.list_events(shop, Default::default(), Some(event.position), PAGE).await? {
                        Ok(page) => {
                            let rest: Vec<_> = log[read..].iter().take(4).cloned().collect();
                            same("a page during a removal", &page.entries, &rest)?;
                        }
                        Err(EventsRemoved { oldest }) => {
                            ensure!(oldest > event.position, "the log begins before {:?}", event.position);
                        }
                    }
                }
                Ok(())
            }
        })
        .await?;
        expect_beginning(&*storage, shop, &log, log.len() - 1).await?;
    }
    Ok(())
}

/// Fails unless the log begins after this many of its events.
async fn expect_beginning(
    storage: &dyn Storage,
    shop: ShopId,
    log: &[Event],
    removed: usize,
) -> anyhow::Result<()> {
    let rest = log_after(storage, shop, None, PageSize::MAX).await?;
    same("the log that is left", &rest.as_slice(), &&log[removed..])?;
    for (read, event) in (1..).zip(log) {
        let what = format!("the log after event {read} of {}, with {removed} removed", log.len());
        let listed =
            storage.list_events(shop, Default::default(), Some(event.position), PageSize::MAX).await?;
        let expected = match removed.checked_sub(1).and_then(|last| log.get(last)) {
            Some(last) if read < removed => Err(EventsRemoved { oldest: last.position }),
            _ => Ok(log[read..].to_vec()),
        };
        same(&what, &listed.map(|page| page.entries), &expected)?;
    }
    Ok(())
}

/// EVENT-16: no event appears at or before the end of the log, and every listed event is there.
pub async fn event_16_nothing_appears_before_the_end(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    shop_with_log(&*storage, "longer.example.com", 9).await?;
    let (shop, log) = shop_with_log(&*storage, "shop.example.com", 1).await?;
    let empty = create_shop(&*storage, "empty.example.com").await?.id;
    let mut last = log.last().map(|event| event.position);
    for (count, of, before) in [
        (0, empty, at(0)),
        (0, shop, at(0)),
        (100, shop, at(0)),
        (100, shop, Timestamp::MAX),
        (0, shop, at(0)),
    ] {
        if count > 0 {
            storage.remove_events(of, before, count).await?;
        }
        let end = storage.find_log_end(of).await?;
        ensure!(of == empty || last.is_some_and(|last| last <= end), "the end {end:?} is before {last:?}");
        let none = log_after(&*storage, of, Some(end), PageSize::MAX).await?;
        same("the log after its end", &none, &Vec::new())?;
        create_user(&*storage, of, user_by_email(&format!("{end:?}@example.com"))).await?;
        let (_, marker) = settled_log(&*storage, of, stamp(at(1_000))).await?;
        let new = log_after(&*storage, of, Some(end), PageSize::MAX).await?;
        same("the number of events after the end of before", &new.len(), &2)?;
        if of == shop {
            last = Some(marker.position);
        }
    }
    for round in 0..ROUNDS {
        let fixture = ShopWithPeople::create(&*storage, &format!("round-{round}.example.com")).await?;
        let shop = fixture.shop.id;
        let ends = race(RACERS, |racer| {
            let storage = Arc::clone(&storage);
            async move {
                let mut ends = Vec::new();
                for turn in 0..5 {
                    if racer >= WRITERS {
                        let email = format!("{racer}-{turn}@example.com");
                        create_user(&*storage, shop, user_by_email(&email)).await?;
                    } else {
                        let end = storage.find_log_end(shop).await?;
                        let log = log_after(&*storage, shop, None, PageSize::MAX).await?;
                        ends.push((end, log.iter().filter(|event| event.position <= end).count()));
                    }
                }
                Ok(ends)
            }
        })
        .await?;
        let (log, _) = settled_log(&*storage, shop, stamp(at(0))).await?;
        for (end, seen) in ends.into_iter().flatten() {
            let there = log.iter().filter(|event| event.position <= end).count();
            same(&format!("the number of events up to the end {end:?}"), &seen, &there)?;
        }
    }
    Ok(())
}
