//! Faults of the listed log and of its snapshots.

mod erasure;
mod filters;
mod surplus;

use std::collections::BTreeMap;

use hexdesk_domain::{
    Actor, Event, EventKind, EventPosition, KeyNumber, Page, RequestId, ShopId, Snapshot, Subject, Timestamp,
};

use crate::faulty::{Fault, fault, full_page_goes_on, rest};
use crate::memory::State;
use crate::page_faults::page_faults;

use EventKind::*;

/// The surroundings of an event in the log.
struct Context<'a> {
    state: &'a State,
    log: &'a [Event],
    /// The unchanged event.
    event: &'a Event,
    /// The last snapshot of the same subject before the event.
    before: Option<&'a Snapshot>,
    /// The latest time of all earlier events.
    latest_time: Timestamp,
}

impl Context<'_> {
    /// Returns whether the change also has an event of this kind.
    fn comes_with(&self, kind: EventKind) -> bool {
        let change = self.event.position.change;
        self.log.iter().any(|other| other.position.change == change && other.kind == kind)
    }
}

impl Fault {
    /// Replaces the shop's log when it is listed.
    fn listed_log(self, log: impl Fn(&State, ShopId) -> Vec<Event> + Send + Sync + 'static) -> Self {
        self.list_events(move |store, shop, _, after, size| {
            let events = log(store, shop).into_iter().map(|event| (event.position, event)).collect();
            Ok(Ok(Page::cut(rest(events, after, |position, after| position > after), size)))
        })
    }

    /// Leaves events out of the log.
    fn not_logged(self, is_left_out: fn(&Event, &Context<'_>) -> bool) -> Self {
        self.listed_log(move |state, shop| {
            let mut kept = Vec::new();
            each_event(state, shop, |context| {
                if !is_left_out(context.event, context) {
                    kept.push(context.event.clone());
                }
            });
            kept
        })
    }

    /// Changes each event of the log.
    fn logged_as(self, change: fn(&mut Event, &Context<'_>)) -> Self {
        self.listed_log(move |state, shop| {
            let mut changed = Vec::new();
            each_event(state, shop, |context| {
                let mut event = context.event.clone();
                change(&mut event, context);
                changed.push(event);
            });
            changed
        })
    }

    /// Changes the snapshot of each event that has one.
    fn snapshots(self, change: fn(&mut Snapshot)) -> Self {
        self.listed_log(move |state, shop| {
            let mut log = state.events.get(&shop).cloned().unwrap_or_default();
            log.iter_mut().filter_map(|event| event.snapshot.as_mut()).for_each(change);
            log
        })
    }
}

fn each_event(state: &State, shop: ShopId, mut visit: impl FnMut(&Context<'_>)) {
    let log = state.events.get(&shop).map(Vec::as_slice).unwrap_or_default();
    let mut previous: BTreeMap<Subject, &Snapshot> = BTreeMap::new();
    let mut latest_time = Timestamp::MIN;
    for event in log {
        let before = previous.get(&event.subject).copied();
        latest_time = latest_time.max(event.stamp.time);
        visit(&Context { state, log, event, before, latest_time });
        previous.extend(event.snapshot.as_ref().map(|snapshot| (event.subject, snapshot)));
    }
}

fn last_message_time(snapshot: &Snapshot) -> Option<Timestamp> {
    match snapshot {
        Snapshot::Ticket(snapshot) => Some(snapshot.ticket.last_message_time),
        _ => None,
    }
}

pub(crate) fn faults() -> Vec<Fault> {
    [
        of_missing_events(),
        of_kinds(),
        of_stamps(),
        of_snapshots(),
        of_pages(),
        of_sizes(),
        filters::faults(),
        erasure::faults(),
        surplus::faults(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of_missing_events() -> Vec<Fault> {
    vec![
        fault("EVENT-1", "The creation of a ticket is not logged.")
            .not_logged(|event, _| event.kind == TicketCreated),
        fault("EVENT-1", "The creation of a closed ticket is not logged.").not_logged(|event, _| {
            let is_closed = |it: &Snapshot| matches!(it, Snapshot::Ticket(it) if !it.ticket.is_opened);
            event.kind == TicketCreated && event.snapshot.as_ref().is_some_and(is_closed)
        }),
        fault("EVENT-2", "The update of a ticket is not logged.")
            .not_logged(|event, context| event.kind == TicketUpdated && !context.comes_with(CommentCreated)),
        fault("EVENT-2", "The deletion of a ticket is not logged.")
            .not_logged(|event, context| event.kind == TicketDeleted && !context.comes_with(CustomerErased))
            .found_by_the_model(),
        fault("EVENT-2", "The comments of a deleted ticket are not logged.")
            .not_logged(|event, context| event.kind == CommentDeleted && !context.comes_with(CustomerErased)),
        fault("EVENT-2", "Only the first comment of a deleted ticket is logged.")
            .not_logged(|event, _| event.kind == CommentDeleted && event.position.part > 1),
        fault("EVENT-3", "The creation of a comment is not logged.")
            .not_logged(|event, _| event.kind == CommentCreated),
        fault("EVENT-3", "The ticket of a new comment is not logged.")
            .not_logged(|event, context| event.kind == TicketUpdated && context.comes_with(CommentCreated)),
        fault("EVENT-3", "The ticket of a new comment is not logged if its last message does not change.")
            .not_logged(|event, context| {
                event.kind == TicketUpdated
                    && context.comes_with(CommentCreated)
                    && context.before.and_then(last_message_time)
                        == event.snapshot.as_ref().and_then(last_message_time)
            }),
        fault("EVENT-3", "The update of a comment is not logged.")
            .not_logged(|event, _| event.kind == CommentUpdated),
        fault("EVENT-3", "The ticket of a deleted comment is not logged.")
            .not_logged(|event, context| event.kind == TicketUpdated && context.comes_with(CommentDeleted)),
        fault("EVENT-4", "The creation of a customer is not logged.")
            .not_logged(|event, _| event.kind == CustomerCreated),
        fault("EVENT-4", "The update of a customer is not logged.")
            .not_logged(|event, _| event.kind == CustomerUpdated),
        fault("EVENT-5", "The erasure of a customer is not logged.")
            .not_logged(|event, _| event.kind == CustomerErased),
        fault("EVENT-5", "The tickets of an erased customer are not logged.")
            .not_logged(|event, context| event.kind == TicketDeleted && context.comes_with(CustomerErased)),
        fault("EVENT-5", "The comments of an erased customer are not logged.")
            .not_logged(|event, context| event.kind == CommentDeleted && context.comes_with(CustomerErased)),
        fault("EVENT-6", "The creation of a user is not logged.")
            .not_logged(|event, _| event.kind == UserCreated),
        fault("EVENT-6", "The update of a user is not logged.")
            .not_logged(|event, _| event.kind == UserUpdated),
        fault("EVENT-6", "The keys revoked by a deactivation are not logged.")
            .not_logged(|event, context| event.kind == ApiKeyRevoked && context.comes_with(UserUpdated))
            .found_by_the_model(),
        fault("EVENT-7", "The creation of a key is not logged.")
            .not_logged(|event, context| event.kind == ApiKeyCreated && !context.comes_with(ApiKeyRotated)),
        fault("EVENT-7", "The revocation of a key is not logged.")
            .not_logged(|event, context| event.kind == ApiKeyRevoked && !context.comes_with(UserUpdated)),
        fault("EVENT-7", "The old key of a rotation is not logged.")
            .not_logged(|event, _| event.kind == ApiKeyRotated),
        fault("EVENT-18", "The closing of a shop is not logged.")
            .not_logged(|event, _| event.kind == ShopClosed),
        fault("EVENT-18", "The reopening of a shop is not logged.")
            .not_logged(|event, _| event.kind == ShopReopened),
        fault("EVENT-18", "The change of a setting is not logged.")
            .not_logged(|event, _| event.kind == ShopUpdated),
        fault("EVENT-18", "A closing that changes nothing is logged.").change_shop(
            |store, domain, change, stamp| {
                let before = store.shop_of(domain).cloned();
                let after = store.change_shop(domain, change, stamp);
                if let Some(shop) = after.as_ref().filter(|_| before == after) {
                    store.append_events(shop.id, stamp, [(ShopClosed, Subject::Shop(shop.id))]);
                }
                Ok(after)
            },
        ),
        fault("EVENT-7", "The new key of a rotation is not logged.")
            .not_logged(|event, context| event.kind == ApiKeyCreated && context.comes_with(ApiKeyRotated)),
    ]
}

fn of_kinds() -> Vec<Fault> {
    vec![
        fault("EVENT-1", "The creation of a ticket is logged twice.").listed_log(|state, shop| {
            let log = state.events.get(&shop).cloned().unwrap_or_default();
            let twice = |event: Event| {
                let position = EventPosition { part: 1_000, ..event.position };
                let second = (event.kind == TicketCreated).then(|| Event { position, ..event.clone() });
                [Some(event), second].into_iter().flatten()
            };
            log.into_iter().flat_map(twice).collect()
        }),
        fault("EVENT-2", "The update of a ticket is logged as a creation.").logged_as(|event, _| {
            if event.kind == TicketUpdated {
                event.kind = TicketCreated;
            }
        }),
        fault("EVENT-5", "The erasure of a customer is logged as an update.").logged_as(|event, _| {
            if event.kind == CustomerErased {
                event.kind = CustomerUpdated;
            }
        }),
        fault("EVENT-7", "A rotation is logged as a revocation.").logged_as(|event, _| {
            if event.kind == ApiKeyRotated {
                event.kind = ApiKeyRevoked;
            }
        }),
        fault("EVENT-7", "The new key is logged as the rotated one.").logged_as(|event, _| {
            if let (ApiKeyRotated, Subject::ApiKey(number)) = (event.kind, event.subject) {
                event.subject = KeyNumber::new(number.get() + 1).map_or(event.subject, Subject::ApiKey);
            }
        }),
    ]
}

fn of_stamps() -> Vec<Fault> {
    vec![
        fault("EVENT-9", "Every actor is the operator.")
            .logged_as(|event, _| event.stamp.actor = Actor::Operator),
        fault("EVENT-9", "The user of an actor is lost.").logged_as(|event, _| {
            if let Actor::ApiKey { user_id, .. } = &mut event.stamp.actor {
                *user_id = None;
            }
        }),
        fault("EVENT-9", "The key number of an actor is cut to 32 bits.").logged_as(|event, _| {
            if let Actor::ApiKey { number, .. } = &mut event.stamp.actor {
                *number = KeyNumber::new(number.get() & i64::from(i32::MAX)).unwrap_or(*number);
            }
        }),
        fault("EVENT-9", "The actor of a deletion is the operator.").logged_as(|event, _| {
            if matches!(event.kind, TicketDeleted | CommentDeleted | CustomerErased) {
                event.stamp.actor = Actor::Operator;
            }
        }),
        fault("EVENT-9", "The actor who revoked a user's keys is the operator.").logged_as(
            |event, context| {
                if event.kind == ApiKeyRevoked && context.comes_with(UserUpdated) {
                    event.stamp.actor = Actor::Operator;
                }
            },
        ),
        fault("EVENT-9", "The request id of an event is lost.")
            .logged_as(|event, _| event.stamp.request_id = None),
        fault("EVENT-9", "The request id of a deletion is lost.").logged_as(|event, _| {
            if matches!(event.kind, TicketDeleted | CommentDeleted | CustomerErased) {
                event.stamp.request_id = None;
            }
        }),
        fault("EVENT-9", "A request id ends with its last bit set.").logged_as(|event, _| {
            if let Some(id) = &mut event.stamp.request_id {
                let last = u128::from_be_bytes(*id.as_bytes()) | 1;
                *id = RequestId::from_bytes(last.to_be_bytes());
            }
        }),
        fault("EVENT-9", "The time of an event is cut to seconds.").logged_as(|event, _| {
            let millis = event.stamp.time.unix_millis().rem_euclid(1_000);
            event.stamp.time = event.stamp.time.saturating_add_millis(-millis);
        }),
        fault("EVENT-9", "A user's event has the time of its creation.").logged_as(|event, context| {
            if let Some(Snapshot::User(user)) = context.before {
                event.stamp.time = user.created_at;
            }
        }),
        fault("EVENT-9", "The times in a log never go backwards.")
            .logged_as(|event, context| event.stamp.time = context.latest_time),
    ]
}

fn of_snapshots() -> Vec<Fault> {
    vec![
        fault("EVENT-10", "The update of a customer has no snapshot.").logged_as(|event, _| {
            event.snapshot.take_if(|_| event.kind == CustomerUpdated);
        }),
        fault("EVENT-10", "An event has the snapshot from before the change.")
            .logged_as(|event, context| {
                if let (Some(snapshot), Some(before)) = (&mut event.snapshot, context.before) {
                    snapshot.clone_from(before);
                }
            })
            .found_by_the_model(),
        fault("EVENT-10", "A snapshot is made when the log is listed.").logged_as(|event, context| {
            if let (Some(snapshot), Some(now)) =
                (&mut event.snapshot, context.state.snapshot(event.shop_id, event.subject))
            {
                *snapshot = now;
            }
        }),
        fault("EVENT-10", "A deleted ticket has a snapshot.").logged_as(|event, context| {
            if event.kind == TicketDeleted {
                event.snapshot = context.before.cloned();
            }
        }),
        fault("EVENT-10", "The snapshot of a ticket has no human ticket.").snapshots(|snapshot| {
            if let Snapshot::Ticket(snapshot) = snapshot {
                snapshot.human_ticket = None;
            }
        }),
        fault("EVENT-10", "The tags of a snapshot are sorted.").snapshots(|snapshot| {
            if let Snapshot::Ticket(snapshot) = snapshot {
                snapshot.ticket.tags.sort();
            }
        }),
        fault("EVENT-10", "The text of a comment is cut in its snapshot.").snapshots(|snapshot| {
            if let Snapshot::Comment(comment) = snapshot {
                comment.text = comment.text.chars().take(255).collect();
            }
        }),
        fault("EVENT-10", "The snapshot of a key has no expiry.").snapshots(|snapshot| {
            if let Snapshot::ApiKey(key) = snapshot {
                key.expires_at = None;
            }
        }),
    ]
}

/// Pages that end by bytes.
fn of_sizes() -> Vec<Fault> {
    let faults = page_faults!("events").map(|(broken, sentence)| {
        fault("EVENT-12", sentence).list_events(move |store, shop, _, after, size| {
            Ok(Ok(broken.page_of(store.events_after(shop, after), size)))
        })
    });
    faults.into()
}

fn of_pages() -> Vec<Fault> {
    vec![
        fault("EVENT-12", "The events of all shops are listed.")
            .listed_log(|state, _| state.events.values().flatten().cloned().collect()),
        fault("EVENT-12", "A full page of events always has a next one.").list_events(
            |store, shop, _, after, size| Ok(Ok(full_page_goes_on(store.events_after(shop, after), size))),
        ),
        fault("EVENT-12", "The next page of events skips the rest of a change.").list_events(
            |store, shop, _, after, size| {
                let mut events = store.events_after(shop, after);
                events.retain(|(position, _)| after.is_none_or(|after| position.change > after.change));
                Ok(Ok(Page::cut(events, size)))
            },
        ),
        fault("EVENT-12", "After a position that no event has, the log begins again.").list_events(
            |store, shop, _, after, size| {
                let log = store.events_after(shop, None);
                let after = after.filter(|after| log.iter().any(|(position, _)| position == after));
                Ok(Ok(Page::cut(store.events_after(shop, after), size)))
            },
        ),
        fault("EVENT-12", "A page begins at the given event.").list_events(|store, shop, _, after, size| {
            let mut events = store.events_after(shop, None);
            events.retain(|(position, _)| after.is_none_or(|after| *position >= after));
            Ok(Ok(Page::cut(events, size)))
        }),
        fault("EVENT-12", "A page with a limit above 2 has no next one.").list_events(
            |store, shop, _, after, size| {
                let mut page = Page::cut(store.events_after(shop, after), size);
                page.next.take_if(|_| size.entries > 2);
                Ok(Ok(page))
            },
        ),
    ]
}
