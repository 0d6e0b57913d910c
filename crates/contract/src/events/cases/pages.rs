use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{Event, EventPosition, PageSize, ShopId, Storage};

use super::walk;
use crate::comparison::same;
use crate::events::expected::ExpectedEvents;
use crate::events::settled_log::log_after;
use crate::pages::{pages_of, sizes_by_bytes};
use crate::samples::create_shop;

/// EVENT-12: the log holds exactly the shop's events. Following `next` returns each once.
pub async fn event_12_pages_hold_every_event_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let empty = create_shop(storage, "empty.example.com").await?.id;
    let mut expected_events = ExpectedEvents::new(storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?.shop.id;
    let two = expected_events.create_shop_with_people("two.example.com").await?.shop.id;
    // Both shops use the same numbers, in turn.
    for number in 1..=2 {
        for shop in [one, two] {
            walk(&mut expected_events, shop, number).await?;
        }
    }
    walk(&mut expected_events, one, 3).await?;
    for shop in [one, two] {
        let log = expected_events.log(shop, "two shops").await?;
        let length = u32::try_from(log.len())?;
        let limits = [1, 2, 3, length / 2, length - 1, length, length + 1, MAX_PAGE_ENTRIES];
        for size in limits.map(PageSize::of).into_iter().chain(sizes_by_bytes(&log)) {
            expect_pages(storage, shop, &log, size).await?;
        }
        // After every event.
        for (read, event) in (1..).zip(&log) {
            let rest = log_after(storage, shop, Some(event.position), PageSize::MAX).await?;
            same("the log after an event", &rest.as_slice(), &&log[read..])?;
        }
        // After positions that no event has.
        for after in log.iter().step_by(5).map(|event| event.position).flat_map(around) {
            if log.iter().all(|event| event.position != after) {
                let expected: Vec<_> = log.iter().filter(|event| event.position > after).cloned().collect();
                let rest = log_after(storage, shop, Some(after), PageSize::MAX).await?;
                same(&format!("the log after {after:?}, which no event has"), &rest, &expected)?;
            }
        }
    }
    let page = storage.list_events(empty, Default::default(), None, PageSize::of(1)).await??;
    ensure!(page.entries.is_empty() && page.next.is_none(), "the log of an empty shop is {page:?}");
    Ok(())
}

/// Positions next to this one.
fn around(EventPosition { change, part }: EventPosition) -> impl Iterator<Item = EventPosition> {
    let around = [(change, part - 1), (change, part + 1), (change - 1, part), (change + 1, part)];
    let positions = around.into_iter().map(|(change, part)| EventPosition { change, part });
    positions.filter(|position| position.change >= 0 && position.part >= 0)
}

async fn expect_pages(
    storage: &dyn Storage,
    shop: ShopId,
    log: &[Event],
    size: PageSize,
) -> anyhow::Result<()> {
    for (after, expected) in pages_of(log, size, |event| event.position) {
        let page = storage.list_events(shop, Default::default(), after, size).await??;
        same(&format!("a page of {size:?}"), &page, &expected)?;
    }
    Ok(())
}
