//! Faults of lists with conditions.

use hexdesk_domain::{Event, EventFilter, EventPosition, Page};

use crate::faulty::{Fault, fault};

/// A store that reads another filter than the given one.
fn with_filter(sentence: &'static str, change: fn(&mut EventFilter)) -> Fault {
    fault("EVENT-17", sentence).list_events(move |store, shop, mut filter, after, size| {
        change(&mut filter);
        Ok(Ok(store.page_of_log(shop, &filter, after, size)))
    })
}

/// Returns a page's `next`, given the page and the events after its start.
type Next = fn(&Page<Event, EventPosition>, &[(EventPosition, Event)]) -> Option<EventPosition>;

/// A store whose pages have another `next`.
fn with_next(sentence: &'static str, next: Next) -> Fault {
    fault("EVENT-17", sentence).list_events(move |store, shop, filter, after, size| {
        let page = store.page_of_log(shop, &filter, after, size);
        let next = next(&page, &store.events_after(shop, after));
        Ok(Ok(Page { next, ..page }))
    })
}

/// A store with another condition on each event.
fn listing(sentence: &'static str, meets: fn(&EventFilter, &Event) -> bool) -> Fault {
    fault("EVENT-17", sentence).list_events(move |store, shop, filter, after, size| {
        let mut events = store.events_after(shop, after);
        let looked_at = events.len().min(filter.at_most as usize);
        let end = events.get(looked_at).and_then(|_| events.get(looked_at.checked_sub(1)?));
        let end = end.map(|(position, _)| *position);
        events.truncate(looked_at);
        events.retain(|(_, event)| meets(&filter, event));
        let page = Page::cut(events, size);
        Ok(Ok(Page { next: page.next.or(end), ..page }))
    })
}

pub(super) fn faults() -> Vec<Fault> {
    vec![
        with_filter("Conditions on kinds are ignored.", |filter| filter.kinds.clear()),
        with_filter("Conditions on subjects are ignored.", |filter| filter.subject = None),
        with_filter("Conditions on times are ignored.", |filter| (filter.from, filter.before) = (None, None)),
        with_filter("An event at the first time of a filter is left out.", |filter| {
            filter.from = filter.from.map(|time| time.saturating_add_millis(1));
        }),
        with_filter("An event at the end of a filter's time is listed.", |filter| {
            filter.before = filter.before.map(|time| time.saturating_add_millis(1));
        }),
        with_filter("A list looks at one event too many.", |filter| {
            filter.at_most = filter.at_most.saturating_add(1);
        }),
        with_filter("A list looks at the whole log.", |filter| filter.at_most = u32::MAX),
        listing("A subject is compared by its number.", |filter, event| {
            let numbered = filter.subject.is_none_or(|subject| subject.number() == event.subject.number());
            numbered && EventFilter { subject: None, ..filter.clone() }.matches(event)
        }),
        fault("EVENT-17", "A list ends at the first event that is too late.").list_events(
            |store, shop, filter, after, size| {
                let page = store.page_of_log(shop, &filter, after, size);
                let log = store.events_after(shop, after);
                let late =
                    log.iter().find(|(_, event)| filter.before.is_some_and(|end| event.stamp.time >= end));
                let Some((end, _)) = late else { return Ok(Ok(page)) };
                let entries = page.entries.into_iter().filter(|event| event.position < *end);
                Ok(Ok(Page { entries: entries.collect(), ..page }))
            },
        ),
        listing("One of several conditions is enough.", |filter, event| {
            filter.matches(event) || (filter.subject.is_some() && filter.subject == Some(event.subject))
        }),
        with_next("A list ends where it stopped looking.", |page, _| {
            page.next.filter(|next| page.entries.last().is_some_and(|event| event.position == *next))
        }),
        with_next("A page goes on after its last event, not after what it looked at.", |page, _| {
            page.next.map(|next| page.entries.last().map_or(next, |event| event.position))
        }),
        with_next("The page after one without events skips one.", |page, log| {
            let mut after = log.iter().map(|(position, _)| *position);
            page.next.map(|next| match page.entries.is_empty() {
                true => after.find(|position| *position > next).unwrap_or(next),
                false => next,
            })
        }),
        with_next("A list of events goes on at the end of the log.", |page, log| {
            page.next.or_else(|| log.last().map(|(position, _)| *position))
        }),
    ]
}
