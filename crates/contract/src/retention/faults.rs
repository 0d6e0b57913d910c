mod log_bounds;

use hexdesk_domain::{Fingerprint, Page, ShopId, Timestamp};

use crate::faulty::{Fault, Store, fault};
use crate::memory::{IdempotencyRecord, RecordKey};

/// Removes records, except those for which `stays` returns true.
fn remove_except(
    store: &mut Store<'_>,
    before: Timestamp,
    limit: u32,
    stays: impl Fn(&Store<'_>, &RecordKey) -> bool,
) -> u64 {
    let gone = remove(store, before, limit);
    let removed = gone.len();
    let stay: Vec<_> = gone.into_iter().filter(|(key, _)| stays(store, key)).collect();
    let removed = removed - stay.len();
    store.idempotency_records.extend(stay);
    removed as u64
}

/// Removes records and returns them.
fn remove(store: &mut Store<'_>, before: Timestamp, limit: u32) -> Vec<(RecordKey, IdempotencyRecord)> {
    let mut records = store.idempotency_records.clone();
    store.remove_idempotency_records(before, limit);
    records.retain(|key, _| !store.idempotency_records.contains_key(key));
    records.into_iter().collect()
}

fn first_shop(store: &Store<'_>) -> Option<ShopId> {
    store.shops.keys().next().copied()
}

pub(crate) fn faults() -> Vec<Fault> {
    [of_records(), of_events(), log_bounds::faults()].into_iter().flatten().collect()
}

fn of_records() -> Vec<Fault> {
    vec![
        fault("RETENTION-1", "A step removes more records than allowed.").remove_idempotency_records(
            |store, before, limit| Ok(store.remove_idempotency_records(before, limit.saturating_mul(2))),
        ),
        fault("RETENTION-1", "Records of exactly the given time are removed.").remove_idempotency_records(
            |store, before, limit| {
                Ok(store.remove_idempotency_records(before.saturating_add_millis(1), limit))
            },
        ),
        fault("RETENTION-1", "Only the records of the first shop are removed.").remove_idempotency_records(
            |store, before, limit| {
                Ok(remove_except(store, before, limit, |store, (shop, ..)| Some(*shop) != first_shop(store)))
            },
        ),
        fault("RETENTION-1", "Only the records of new tickets are removed.").remove_idempotency_records(
            |store, before, limit| {
                Ok(remove_except(store, before, limit, |_, (_, operation, _)| operation != "create_ticket"))
            },
        ),
        fault("RETENTION-1", "A younger record is removed.").remove_idempotency_records(
            |store, before, limit| {
                let removed = store.remove_idempotency_records(before, limit);
                if removed > 0 {
                    store.idempotency_records.retain(|(_, _, key), _| key.as_str() != "kept user");
                }
                Ok(removed)
            },
        ),
        fault("RETENTION-1", "The recorded tickets are removed, too.").remove_idempotency_records(
            |store, before, limit| {
                let removed = store.remove_idempotency_records(before, limit);
                if removed > 0 {
                    store.tickets.clear();
                }
                Ok(removed)
            },
        ),
        fault("RETENTION-1", "A step returns at most 1 as the number of removed records.")
            .remove_idempotency_records(|store, before, limit| {
                Ok(store.remove_idempotency_records(before, limit).min(1))
            }),
        fault("RETENTION-2", "The key of a removed record stays taken.").remove_idempotency_records(
            |store, before, limit| {
                let gone = remove(store, before, limit);
                let removed = gone.len() as u64;
                store.idempotency_records.extend(gone.into_iter().map(|(key, record)| {
                    let fingerprint = Fingerprint([0; 32]);
                    (key, IdempotencyRecord { fingerprint, requested_at: Timestamp::MAX, ..record })
                }));
                Ok(removed)
            },
        ),
        fault("RETENTION-2", "A removed record is still replayed.").remove_idempotency_records(
            |store, before, limit| {
                let gone = remove(store, before, limit);
                let removed = gone.len() as u64;
                store.idempotency_records.extend(gone.into_iter().map(|(key, record)| {
                    (key, IdempotencyRecord { requested_at: Timestamp::MAX, ..record })
                }));
                Ok(removed)
            },
        ),
    ]
}

fn of_events() -> Vec<Fault> {
    vec![
        fault("RETENTION-3", "A step removes more events than allowed.").remove_events(
            |store, shop, before, limit| Ok(store.remove_events(shop, before, limit.saturating_add(1))),
        ),
        fault("RETENTION-3", "Events of exactly the given time are removed.").remove_events(
            |store, shop, before, limit| {
                Ok(store.remove_events(shop, before.saturating_add_millis(1), limit))
            },
        ),
        fault("RETENTION-3", "Old events after younger ones are removed.").remove_events(
            |store, shop, before, limit| {
                let log = store.events.entry(shop).or_default();
                let (length, mut left) = (log.len(), limit);
                log.retain(|event| {
                    let goes = left > 0 && event.stamp.time < before;
                    left -= u32::from(goes);
                    !goes
                });
                Ok((length - log.len()) as u64)
            },
        ),
        fault("RETENTION-3", "Every shop's events are removed.").remove_events(
            |store, shop, before, limit| {
                for other in store.shops.clone().into_keys().filter(|other| *other != shop) {
                    store.remove_events(other, before, limit);
                }
                Ok(store.remove_events(shop, before, limit))
            },
        ),
        fault("RETENTION-3", "The latest event always stays.").remove_events(|store, shop, before, limit| {
            let last = store.events.get(&shop).and_then(|log| log.last()).cloned();
            let removed = store.remove_events(shop, before, limit);
            let log = store.events.entry(shop).or_default();
            let last = last.filter(|_| log.is_empty() && removed > 0);
            let stay = u64::from(last.is_some());
            log.extend(last);
            Ok(removed - stay)
        }),
        fault("RETENTION-3", "An empty log starts again with the first position.").remove_events(
            |store, shop, before, limit| {
                let removed = store.remove_events(shop, before, limit);
                if store.events.get(&shop).is_none_or(Vec::is_empty) {
                    store.changes.remove(&shop);
                }
                Ok(removed)
            },
        ),
        fault("RETENTION-3", "The other events are renumbered.").remove_events(
            |store, shop, before, limit| {
                let removed = store.remove_events(shop, before, limit);
                for (change, event) in (1..).zip(store.events.entry(shop).or_default()) {
                    event.position.change = change;
                    event.position.part = 0;
                }
                Ok(removed)
            },
        ),
        fault("RETENTION-3", "No list starts at a removed event.").list_events(
            |store, shop, _, after, size| {
                let all = store.events_after(shop, None);
                let is_there = after.is_none_or(|after| all.iter().any(|(place, _)| *place == after));
                let events = if is_there { store.events_after(shop, after) } else { Vec::new() };
                Ok(Ok(Page::cut(events, size)))
            },
        ),
        fault("RETENTION-3", "A step returns one removed event too few.").remove_events(
            |store, shop, before, limit| Ok(store.remove_events(shop, before, limit).saturating_sub(1)),
        ),
    ]
}
