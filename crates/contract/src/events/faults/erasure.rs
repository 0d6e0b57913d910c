//! Faults of the snapshots of erased customers.

use hexdesk_domain::{Actor, Event, EventKind, Snapshot, Subject};

use crate::customers::faults::erasure::Erasure;
use crate::faulty::{Fault, fault};

impl Fault {
    /// Changes the events in the log after an erasure. The closure also gets each event as it was
    /// before.
    fn erased_events(self, change: fn(&mut Event, &Event, &Erasure<'_>)) -> Self {
        self.after_erasure(move |store, erasure| {
            let before = erasure.before.events.get(&erasure.shop).into_iter().flatten();
            let now = store.events.entry(erasure.shop).or_default();
            // The erasure only appends to the log.
            now.iter_mut().zip(before).for_each(|(event, was)| change(event, was, &erasure));
        })
    }

    /// Keeps the snapshots of an erased customer for which the predicate is true.
    fn erasure_keeps_snapshots(self, stays: fn(&Event, &Erasure<'_>) -> bool) -> Self {
        self.after_erasure(move |store, erasure| {
            let before = erasure.before.events.get(&erasure.shop).into_iter().flatten();
            let now = store.events.entry(erasure.shop).or_default();
            for (event, was) in now.iter_mut().zip(before).filter(|(_, was)| stays(was, &erasure)) {
                event.snapshot.clone_from(&was.snapshot);
            }
        })
    }
}

fn is_there(event: &Event, erasure: &Erasure<'_>) -> bool {
    match event.subject {
        Subject::Ticket(id) => erasure.before.tickets.contains_key(&(erasure.shop, id)),
        Subject::Comment(id) => erasure.before.comments.contains_key(&(erasure.shop, id)),
        _ => true,
    }
}

/// Returns whether this is the last event of its subject.
fn is_latest(event: &Event, erasure: &Erasure<'_>) -> bool {
    let log = erasure.before.events.get(&erasure.shop).into_iter().flatten();
    let latest = log.rev().find(|other| other.subject == event.subject);
    latest.is_some_and(|latest| latest.position == event.position)
}

pub(super) fn faults() -> Vec<Fault> {
    vec![
        fault("EVENT-11", "No snapshot of an erased customer is removed.")
            .erasure_keeps_snapshots(|_, _| true),
        fault("EVENT-11", "Snapshots of tickets and comments that were deleted before are not removed.")
            .erasure_keeps_snapshots(|event, erasure| !is_there(event, erasure))
            .found_by_the_model(),
        fault("EVENT-11", "Snapshots of comments are not removed.")
            .erasure_keeps_snapshots(|event, _| matches!(event.subject, Subject::Comment(_))),
        fault("EVENT-11", "Snapshots of the customer are not removed.")
            .erasure_keeps_snapshots(|event, _| matches!(event.subject, Subject::Customer(_))),
        fault("EVENT-11", "Only the last snapshot of each thing is removed.")
            .erasure_keeps_snapshots(|event, erasure| !is_latest(event, erasure)),
        fault("EVENT-11", "Snapshots of customers with the same number in every shop are removed.")
            .after_erasure(|store, Erasure { before, id, .. }| {
                before.shops.keys().for_each(|shop| store.scrub_events(*shop, id));
            }),
        fault("EVENT-11", "Every snapshot of the shop is removed.")
            .erased_events(|event, _, _| event.snapshot = None),
        fault("EVENT-11", "Snapshots of users are removed, too.").erased_events(|event, _, _| {
            event.snapshot.take_if(|snapshot| matches!(snapshot, Snapshot::User(_)));
        }),
        fault("EVENT-11", "Events are removed with their snapshots.").after_erasure(
            |store, Erasure { shop, .. }| {
                let is_of_gone = |kind| {
                    use EventKind::*;
                    matches!(kind, TicketDeleted | CommentDeleted | CustomerErased)
                };
                let log = store.events.entry(shop).or_default();
                log.retain(|event| event.snapshot.is_some() || is_of_gone(event.kind));
            },
        ),
        fault("EVENT-11", "The actor is removed with the snapshot.").erased_events(|event, was, _| {
            if event.snapshot != was.snapshot {
                event.stamp.actor = Actor::Operator;
            }
        }),
    ]
}
