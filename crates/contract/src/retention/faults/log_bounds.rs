//! Faults of the beginning and the end of the log.

use hexdesk_domain::{EventPosition, EventsRemoved, Page, ShopId};

use crate::concurrency::faults::{hold_back_last_event, put_events_back};
use crate::faulty::{Fault, Store, fault};

/// Removes events and returns how many. `keeps` changes the beginning of the log.
fn remove(fault: Fault, keeps: impl Fn(&mut Store<'_>, ShopId) + Send + Sync + 'static) -> Fault {
    fault.remove_events(move |store, shop, before, limit| {
        let removed = store.remove_events(shop, before, limit);
        keeps(store, shop);
        Ok(removed)
    })
}

/// The position of the first event that is left.
fn first(store: &Store<'_>, shop: ShopId) -> Option<EventPosition> {
    store.events.get(&shop).and_then(|log| log.first()).map(|event| event.position)
}

pub(super) fn faults() -> Vec<Fault> {
    [of_the_beginning(), of_the_end()].into_iter().flatten().collect()
}

fn of_the_beginning() -> Vec<Fault> {
    vec![
        fault("EVENT-15", "A list that starts at a removed event begins with the next one that is left.")
            .list_events(|store, shop, _, after, size| {
                Ok(Ok(Page::cut(store.events_after(shop, after), size)))
            }),
        fault("EVENT-15", "No list starts after the last removed event.").list_events(
            |store, shop, _, after, size| {
                let first = first(store, shop);
                if store.log_beginnings.contains_key(&shop)
                    && let (Some(after), Some(oldest)) = (after, first)
                    && after < oldest
                {
                    return Ok(Err(EventsRemoved { oldest }));
                }
                Ok(Ok(Page::cut(store.events_after(shop, after), size)))
            },
        ),
        fault("EVENT-15", "The oldest position is that of the first event that is left.").list_events(
            |store, shop, _, after, size| {
                let first = first(store, shop);
                let checked = store.check_not_removed(shop, after);
                let checked =
                    checked.map_err(|removed| first.map_or(removed, |oldest| EventsRemoved { oldest }));
                Ok(checked.map(|()| Page::cut(store.events_after(shop, after), size)))
            },
        ),
        fault("EVENT-15", "A list without a position fails once events were removed.").list_events(
            |store, shop, _, after, size| {
                let start = EventPosition::START;
                let checked = store.check_not_removed(shop, after.or(Some(start)));
                Ok(checked.map(|()| Page::cut(store.events_after(shop, after), size)))
            },
        ),
        remove(fault("EVENT-15", "An empty log has no beginning."), |store, shop| {
            if store.events.get(&shop).is_none_or(Vec::is_empty) {
                store.log_beginnings.remove(&shop);
            }
        }),
        remove(fault("EVENT-15", "A removal moves the beginnings of all logs."), |store, shop| {
            if let Some(beginning) = store.log_beginnings.get(&shop).copied() {
                let shops: Vec<_> = store.shops.keys().copied().collect();
                store.log_beginnings.extend(shops.into_iter().map(|shop| (shop, beginning)));
            }
        }),
        remove(
            fault("EVENT-15", "A log begins after the whole change of the last removed event."),
            |store, shop| {
                if let Some(beginning) = store.log_beginnings.get_mut(&shop) {
                    *beginning = EventPosition::end_of(beginning.change);
                }
            },
        ),
        fault("EVENT-15", "The beginning is read before, not while, events are listed.")
            .list_events(|store, shop, _, after, size| {
                let checked = store.earlier.check_not_removed(shop, after);
                Ok(checked.map(|()| Page::cut(store.events_after(shop, after), size)))
            })
            .after_a_gap(),
        fault("EVENT-15", "The beginning moves after, not with, the removal.")
            .remove_events(|store, shop, before, limit| {
                let beginnings = store.log_beginnings.clone();
                let removed = store.remove_events(shop, before, limit);
                store.earlier.log_beginnings = std::mem::replace(&mut store.state.log_beginnings, beginnings);
                Ok(removed)
            })
            .finishing_after_a_gap(|store| {
                store.state.log_beginnings.clone_from(&store.earlier.log_beginnings);
            }),
    ]
}

fn of_the_end() -> Vec<Fault> {
    vec![
        fault("EVENT-16", "The end is before all events.").find_log_end(|_, _| Ok(EventPosition::START)),
        fault("EVENT-16", "The end is after the next change.").find_log_end(|store, shop| {
            let EventPosition { change, .. } = store.log_end(shop);
            Ok(EventPosition::end_of(change + 1))
        }),
        fault("EVENT-16", "The end is that of the longest log.").find_log_end(|store, _| {
            Ok(EventPosition::end_of(store.changes.values().copied().max().unwrap_or_default()))
        }),
        fault("EVENT-16", "A log without events ends where the first log began.").find_log_end(
            |store, shop| {
                let is_empty = store.events.get(&shop).is_none_or(Vec::is_empty);
                Ok(if is_empty { EventPosition::START } else { store.log_end(shop) })
            },
        ),
        fault("EVENT-16", "The end includes a change that is being written.")
            .create_user(|store, shop, new, claim| {
                let outcome = store.attempt(shop, claim, |store| store.create_user(shop, new));
                hold_back_last_event(store, shop);
                outcome
            })
            .finishing_after_a_gap(|store| put_events_back(store, |_, event| event.position)),
    ]
}
