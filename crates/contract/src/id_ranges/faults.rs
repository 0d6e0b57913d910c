use hexdesk_domain::{IdRange, NodeNumber, StorageErrorKind, Timestamp};

use crate::faulty::{Fault, Store, failure, fault};

fn is_extension(store: &Store<'_>, current: Option<IdRange>) -> bool {
    current.is_some_and(|range| store.id_range_ends.get(&range.node) == Some(&range.until))
}

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        fault("IDRANGE-2", "Spans are cut to 32 bits.").reserve_id_range(|store, now, span, current| {
            store.reserve_id_range(now, span.min(i64::from(u32::MAX)), current)
        }),
        fault("IDRANGE-3", "A node is free in the last millisecond of its range.").reserve_id_range(
            |store, now, span, current| {
                let last = now.saturating_add_millis(1);
                if !is_extension(store, current)
                    && let Some((node, end)) = store.id_range_ends.iter_mut().find(|(_, end)| **end == last)
                {
                    *end = last.saturating_add_millis(span);
                    return Ok(IdRange { node: *node, from: last, until: *end });
                }
                store.reserve_id_range(now, span, current)
            },
        ),
        fault("IDRANGE-4", "The length of an extension does not depend on the time.")
            .reserve_id_range(|store, now, span, current| {
                let end = current.filter(|_| is_extension(store, current)).map_or(now, |range| range.until);
                store.reserve_id_range(end, span, current)
            })
            .found_by_the_model(),
        fault("IDRANGE-5", "Any range of a node is extended like the latest.").reserve_id_range(
            |store, now, span, mut current| {
                if let Some(range) = &mut current
                    && let Some(end) = store.id_range_ends.get(&range.node)
                {
                    range.until = *end;
                }
                store.reserve_id_range(now, span, current)
            },
        ),
        fault("IDRANGE-6", "Ends in the far future are forgotten.").reserve_id_range(
            |store, now, span, current| {
                let far = now.saturating_add_millis(24 * 60 * 60 * 1_000);
                store.id_range_ends.retain(|_, end| *end <= far);
                store.reserve_id_range(now, span, current)
            },
        ),
        fault("IDRANGE-7", "Without a free node the reservation fails.").reserve_id_range(
            |store, now, span, current| {
                let running = store.id_range_ends.values().filter(|end| **end > now).count();
                if !is_extension(store, current) && running == usize::from(NodeNumber::COUNT) {
                    return Err(failure(StorageErrorKind::Unavailable, "reserve_id_range"));
                }
                store.reserve_id_range(now, span, current)
            },
        ),
        fault("IDRANGE-8", "With no time left, a range is empty.").reserve_id_range(
            |store, now, span, current| {
                let empty = current.map(|range| IdRange { from: now, until: now, ..range });
                store.reserve_id_range(now, span, current).or_else(|error| empty.ok_or(error))
            },
        ),
        fault("IDRANGE-8", "A range that time cuts short fails.").reserve_id_range(
            |store, now, span, current| {
                if now.saturating_add_millis(span) == Timestamp::MAX {
                    return Err(failure(StorageErrorKind::Unexpected, "reserve_id_range"));
                }
                store.reserve_id_range(now, span, current)
            },
        ),
    ]
}
