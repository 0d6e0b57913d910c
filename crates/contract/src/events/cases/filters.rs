use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{
    Event, EventFilter, EventKind, EventPosition, Page, PageSize, ShopId, Storage, Subject,
};

use super::walk;
use crate::comparison::same;
use crate::events::expected::ExpectedEvents;
use crate::pages::pages_of;
use crate::samples::at;

/// Whether an event meets conditions. Written without the domain's code, which the reference store uses.
type Meets = Box<dyn Fn(&Event) -> bool + Send + Sync>;

/// EVENT-17: a list with conditions holds the events of its part of the log that meet them, and says
/// where it stopped looking.
pub async fn event_17_conditions_bound_what_is_listed(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let mut expected_events = ExpectedEvents::new(storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?.shop.id;
    let two = expected_events.create_shop_with_people("two.example.com").await?.shop.id;
    for shop in [two, one, two] {
        let number = i64::try_from(expected_events.len())?;
        walk(&mut expected_events, shop, number).await?;
    }
    let log = expected_events.log(one, "one of two shops").await?;
    let length = u32::try_from(log.len())?;
    let first_bytes = PageSize { entries: MAX_PAGE_ENTRIES, bytes: 1 };
    for (filter, meets) in filters(&log)? {
        for (at_most, size) in [
            (1, PageSize::MAX),
            (4, PageSize::MAX),
            (4, PageSize::of(1)),
            (length - 1, PageSize::MAX),
            (length, PageSize::of(2)),
            (length + 1, PageSize::MAX),
            (EventFilter::AT_MOST, first_bytes),
            (u32::MAX, PageSize::of(3)),
        ] {
            let filter = EventFilter { at_most, ..filter.clone() };
            expect_pages(storage, one, &log, &filter, &meets, size).await?;
        }
    }
    Ok(())
}

/// Conditions of every sort, and whether an event meets them.
fn filters(log: &[Event]) -> anyhow::Result<Vec<(EventFilter, Meets)>> {
    let kinds: BTreeSet<_> = [EventKind::TicketUpdated, EventKind::CustomerCreated].into();
    let mut filters: Vec<(EventFilter, Meets)> = vec![
        (
            EventFilter { kinds: kinds.clone(), ..EventFilter::default() },
            Box::new(|event| matches!(event.kind, EventKind::TicketUpdated | EventKind::CustomerCreated)),
        ),
        // A webhook's events are not in this log.
        (
            EventFilter { kinds: [EventKind::WebhookCreated].into(), ..EventFilter::default() },
            Box::new(|_| false),
        ),
    ];
    // Tickets and comments have the same numbers.
    let subjects: BTreeSet<Subject> = log.iter().map(|event| event.subject).collect();
    for subject in subjects {
        let filter = EventFilter { subject: Some(subject), ..EventFilter::default() };
        filters.push((filter, Box::new(move |event| event.subject == subject)));
    }
    // The time of an event is in, or out, to the millisecond.
    let (from, before) = (at(1_001), at(4 * 1_001));
    let times: [(_, _, Meets); 3] = [
        (Some(from), None, Box::new(move |event| event.stamp.time >= from)),
        (None, Some(before), Box::new(move |event| event.stamp.time < before)),
        (Some(from), Some(before), Box::new(move |event| (from..before).contains(&event.stamp.time))),
    ];
    for (from, before, meets) in times {
        filters.push((EventFilter { from, before, ..EventFilter::default() }, meets));
    }
    let ticket = log.iter().find(|event| event.kind == EventKind::TicketUpdated).context("a ticket")?.subject;
    let filter = EventFilter { kinds, subject: Some(ticket), before: Some(before), ..EventFilter::default() };
    let meets = move |event: &Event| {
        event.kind == EventKind::TicketUpdated && event.subject == ticket && event.stamp.time < before
    };
    filters.push((filter, Box::new(meets)));
    Ok(filters)
}

async fn expect_pages(
    storage: &dyn Storage,
    shop: ShopId,
    log: &[Event],
    filter: &EventFilter,
    meets: &Meets,
    size: PageSize,
) -> anyhow::Result<()> {
    let (mut rest, mut after) = (log, None);
    loop {
        let expected = expected_page(rest, filter, meets, size);
        let page = storage.list_events(shop, filter.clone(), after, size).await??;
        same(&format!("the page of {size:?} after {after:?} with {filter:?}"), &page, &expected)?;
        let Some(next) = expected.next else { return Ok(()) };
        rest = &rest[rest.partition_point(|event| event.position <= next)..];
        after = Some(next);
    }
}

fn expected_page(
    log: &[Event],
    filter: &EventFilter,
    meets: &Meets,
    size: PageSize,
) -> Page<Event, EventPosition> {
    let looked_at = &log[..log.len().min(filter.at_most as usize)];
    let listed: Vec<Event> = looked_at.iter().filter(|event| meets(event)).cloned().collect();
    let (_, page) = pages_of(&listed, size, |event| event.position).swap_remove(0);
    let goes_on = looked_at.len() < log.len();
    let end = looked_at.last().filter(|_| goes_on).map(|event| event.position);
    Page { next: page.next.or(end), ..page }
}
