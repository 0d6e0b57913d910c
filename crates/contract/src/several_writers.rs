//! A store with several writers that locks nothing: each call works on a snapshot of the store, and
//! then writes the rows that it has changed.

use std::collections::{BTreeMap, BTreeSet};

use hexdesk_domain::{Event, EventPosition, ShopId};

use crate::memory::State;

impl State {
    /// Writes what a call has changed, `after`, on a snapshot, `before`.
    pub(crate) fn write_changes(&mut self, before: State, after: State) {
        // Lists every field: a new one does not compile until it is written here.
        let State {
            shops,
            customers,
            merged_customers,
            erased_customers,
            users,
            tickets,
            comments,
            human_tickets,
            idempotency_records,
            api_keys,
            webhooks,
            deliveries,
            attempts,
            credentials,
            sessions,
            saved_replies,
            events,
            moved_events,
            changes,
            log_beginnings,
            id_range_ends,
            loads,
            loaded_counters,
        } = after;
        write_rows(&mut self.shops, &before.shops, shops);
        write_rows(&mut self.customers, &before.customers, customers);
        write_rows(&mut self.merged_customers, &before.merged_customers, merged_customers);
        self.erased_customers.extend(erased_customers);
        write_rows(&mut self.users, &before.users, users);
        write_rows(&mut self.tickets, &before.tickets, tickets);
        write_rows(&mut self.comments, &before.comments, comments);
        write_rows(&mut self.human_tickets, &before.human_tickets, human_tickets);
        write_rows(&mut self.idempotency_records, &before.idempotency_records, idempotency_records);
        write_rows(&mut self.api_keys, &before.api_keys, api_keys);
        write_rows(&mut self.webhooks, &before.webhooks, webhooks);
        write_rows(&mut self.deliveries, &before.deliveries, deliveries);
        write_rows(&mut self.attempts, &before.attempts, attempts);
        write_rows(&mut self.credentials, &before.credentials, credentials);
        write_rows(&mut self.sessions, &before.sessions, sessions);
        write_rows(&mut self.saved_replies, &before.saved_replies, saved_replies);
        for (shop, log) in events {
            let before = before.events.get(&shop).map_or(&[][..], Vec::as_slice);
            self.write_log(shop, before, log);
        }
        write_rows(&mut self.moved_events, &before.moved_events, moved_events);
        // The log counts its changes itself.
        drop(changes);
        write_rows(&mut self.log_beginnings, &before.log_beginnings, log_beginnings);
        write_rows(&mut self.id_range_ends, &before.id_range_ends, id_range_ends);
        write_rows(&mut self.loads, &before.loads, loads);
        write_rows(&mut self.loaded_counters, &before.loaded_counters, loaded_counters);
    }

    /// Writes the changes of a log. New events get the next positions, so the log is in order.
    fn write_log(&mut self, shop: ShopId, before: &[Event], after: Vec<Event>) {
        let by_position = |log: &[Event]| -> BTreeMap<EventPosition, Event> {
            log.iter().map(|event| (event.position, event.clone())).collect()
        };
        let (before, mut after) = (by_position(before), by_position(&after));
        let last = self.changes.entry(shop).or_default();
        let log = self.events.entry(shop).or_default();
        log.retain(|event| !before.contains_key(&event.position) || after.contains_key(&event.position));
        for event in log.iter_mut() {
            if let Some(old) = before.get(&event.position)
                && let Some(new) = after.get(&event.position)
                && old != new
            {
                event.clone_from(new);
            }
        }
        after.retain(|position, _| !before.contains_key(position));
        let numbers: BTreeSet<_> = after.keys().map(|position| position.change).collect();
        for number in numbers {
            *last += 1;
            let of_change = after.values().filter(|event| event.position.change == number);
            log.extend(of_change.cloned().map(|mut event| {
                event.position.change = *last;
                event
            }));
        }
    }
}

/// Writes the rows that differ between `before` and `after`.
fn write_rows<K: Ord, V: PartialEq>(
    rows: &mut BTreeMap<K, V>,
    before: &BTreeMap<K, V>,
    after: BTreeMap<K, V>,
) {
    rows.retain(|key, _| !before.contains_key(key) || after.contains_key(key));
    rows.extend(after.into_iter().filter(|(key, row)| before.get(key) != Some(row)));
}
