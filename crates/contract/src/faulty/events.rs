use std::collections::BTreeMap;

use async_trait::async_trait;
use hexdesk_domain::{
    Actor, CustomerId, Event, EventKind, EventPosition, EventStore, KeyNumber, Page, ShopId, Snapshot,
    StorageError, Subject,
};

use super::{Fault, FaultyStorage, gap};
use crate::memory::{State, page_of};

impl FaultyStorage {
    /// Takes the last event out of the shop's log and puts it back later: at the place it
    /// had, or at the end.
    pub(super) async fn hold_back_last(&self, shop: ShopId) {
        let is_racing = self.fault == Fault::RacingEvents;
        if !is_racing && self.fault != Fault::EventsWrittenLater {
            return;
        }
        let Some(mut event) = self.inner.state().events.entry(shop).or_default().pop() else { return };
        let later = gap();
        let storage = self.inner.clone();
        let put_back = async move {
            later.await;
            let mut state = storage.state();
            if !is_racing {
                let change = state.changes.entry(shop).or_default();
                *change += 1;
                event.position = EventPosition { change: *change, part: 0 };
            }
            let log = state.events.entry(shop).or_default();
            log.push(event);
            log.sort_by_key(|event| event.position);
        };
        // The command is answered before, or after.
        if is_racing {
            put_back.await;
        } else {
            tokio::spawn(put_back);
        }
    }

    /// The snapshots that stay, or go, against the rules when a customer is erased.
    pub(super) fn scrub_otherwise(&self, before: &State, state: &mut State, shop: ShopId, id: CustomerId) {
        let logs_before = &before.events;
        match self.fault {
            Fault::ScrubInEveryShop => {
                for other in before.shops.keys() {
                    state.scrub_events(*other, id);
                }
            }
            Fault::ScrubRemovesEvents => {
                let gone = |event: &Event| {
                    event.snapshot.is_none() && !is_of_gone(event.kind) && event.position.change > 0
                };
                state.events.entry(shop).or_default().retain(|event| !gone(event));
            }
            _ => {}
        }
        let log_before = logs_before.get(&shop).map(Vec::as_slice).unwrap_or_default();
        let log = state.events.entry(shop).or_default();
        let mut latest: BTreeMap<Subject, EventPosition> = BTreeMap::new();
        for event in log_before {
            latest.insert(event.subject, event.position);
        }
        for event in log {
            let was = log_before.iter().find(|was| was.position == event.position);
            let Some(was) = was else { continue };
            let is_there = match event.subject {
                Subject::Ticket(id) => before.tickets.contains_key(&(shop, id)),
                Subject::Comment(id) => before.comments.contains_key(&(shop, id)),
                _ => true,
            };
            let stays = match self.fault {
                Fault::SnapshotsStay => true,
                Fault::DeletedTicketsSnapshotsStay => !is_there,
                Fault::CommentsSnapshotsStay => matches!(event.subject, Subject::Comment(_)),
                Fault::CustomersSnapshotsStay => matches!(event.subject, Subject::Customer(_)),
                Fault::EarlierSnapshotsStay => latest.get(&event.subject) != Some(&event.position),
                _ => false,
            };
            if stays {
                event.snapshot.clone_from(&was.snapshot);
            }
            match self.fault {
                Fault::EverySnapshotGoes => event.snapshot = None,
                Fault::UsersSnapshotsGo => {
                    event.snapshot.take_if(|snapshot| matches!(snapshot, Snapshot::User(_)));
                }
                Fault::ScrubTakesActor if event.snapshot != was.snapshot => {
                    event.stamp.actor = Actor::Operator;
                }
                _ => {}
            }
        }
    }

    /// The shop's log as this store shows it.
    fn shown_log(&self, shop: ShopId) -> Vec<Event> {
        let state = self.inner.state();
        let mut log = state.events.get(&shop).cloned().unwrap_or_default();
        match self.fault {
            Fault::EventsOfEveryShop => log = state.events.values().flatten().cloned().collect(),
            Fault::LogInOrderOfTime => log.sort_by_key(|event| (event.stamp.time, event.position)),
            _ => {}
        }
        let together = |event: &Event, kind| {
            log.iter().any(|other| other.position.change == event.position.change && other.kind == kind)
        };
        let mut shown: Vec<Event> = Vec::new();
        let mut previous: BTreeMap<Subject, Snapshot> = BTreeMap::new();
        let mut latest_time = None;
        for (index, event) in log.iter().enumerate() {
            let before = previous.get(&event.subject).cloned();
            previous.extend(event.snapshot.clone().map(|snapshot| (event.subject, snapshot)));
            if self.is_left_out(event, before.as_ref(), |kind| together(event, kind)) {
                continue;
            }
            let mut event = event.clone();
            latest_time = latest_time.max(Some(event.stamp.time));
            if self.fault == Fault::TimesNeverFallBack {
                event.stamp.time = latest_time.unwrap_or(event.stamp.time);
            }
            self.tell_otherwise(&mut event, before.clone(), |kind| together(&log[index], kind));
            self.show_otherwise(&state, &mut event, before);
            if self.fault == Fault::TicketCreatedTwice && event.kind == EventKind::TicketCreated {
                let position = EventPosition { part: 1_000, ..event.position };
                shown.push(event.clone());
                event.position = position;
            }
            shown.push(event);
        }
        shown
    }

    fn is_left_out(
        &self,
        event: &Event,
        before: Option<&Snapshot>,
        together: impl Fn(EventKind) -> bool,
    ) -> bool {
        use EventKind::*;
        let kind = event.kind;
        let is_same = before.is_some() && before == event.snapshot.as_ref();
        match self.fault {
            Fault::TicketCreationNotLogged => kind == TicketCreated,
            Fault::ClosedTicketNotLogged => {
                let closed =
                    |snapshot: &Snapshot| matches!(snapshot, Snapshot::Ticket(it) if !it.ticket.is_opened);
                kind == TicketCreated && event.snapshot.as_ref().is_some_and(closed)
            }
            Fault::TicketUpdateNotLogged => kind == TicketUpdated && !together(CommentCreated),
            Fault::TicketDeletionNotLogged => kind == TicketDeleted && !together(CustomerErased),
            Fault::DeletedCommentsNotLogged => kind == CommentDeleted && !together(CustomerErased),
            Fault::LaterDeletedCommentsNotLogged => kind == CommentDeleted && event.position.part > 1,
            Fault::CommentNotLogged => kind == CommentCreated,
            Fault::CommentedTicketNotLogged => kind == TicketUpdated && together(CommentCreated),
            Fault::TicketOfOldCommentNotLogged => {
                let time = |snapshot: &Snapshot| match snapshot {
                    Snapshot::Ticket(snapshot) => Some(snapshot.ticket.last_message_time),
                    _ => None,
                };
                kind == TicketUpdated
                    && together(CommentCreated)
                    && before.and_then(time) == event.snapshot.as_ref().and_then(time)
            }
            Fault::CustomerCreationNotLogged => kind == CustomerCreated,
            Fault::CustomerUpdateNotLogged => kind == CustomerUpdated,
            Fault::SameCustomerNotLogged => kind == CustomerUpdated && is_same,
            Fault::ErasureNotLogged => kind == CustomerErased,
            Fault::ErasedTicketsNotLogged => kind == TicketDeleted && together(CustomerErased),
            Fault::ErasedCommentsNotLogged => kind == CommentDeleted && together(CustomerErased),
            Fault::UserCreationNotLogged => kind == UserCreated,
            Fault::UserUpdateNotLogged => kind == UserUpdated,
            Fault::SameUserNotLogged => kind == UserUpdated && is_same,
            Fault::KeysOfUserNotLogged => kind == ApiKeyRevoked && together(UserUpdated),
            Fault::KeyCreationNotLogged => kind == ApiKeyCreated && !together(ApiKeyRotated),
            Fault::RevocationNotLogged => kind == ApiKeyRevoked && !together(UserUpdated),
            Fault::RotatedKeyNotLogged => kind == ApiKeyRotated,
            Fault::KeyOfRotationNotLogged => kind == ApiKeyCreated && together(ApiKeyRotated),
            _ => false,
        }
    }

    /// Tells another kind, thing, actor or time.
    fn tell_otherwise(
        &self,
        event: &mut Event,
        before: Option<Snapshot>,
        together: impl Fn(EventKind) -> bool,
    ) {
        use EventKind::*;
        match self.fault {
            Fault::UpdateLoggedAsCreation if event.kind == TicketUpdated => event.kind = TicketCreated,
            Fault::RotationLoggedAsRevocation if event.kind == ApiKeyRotated => event.kind = ApiKeyRevoked,
            Fault::ErasureLoggedAsUpdate if event.kind == CustomerErased => event.kind = CustomerUpdated,
            Fault::KeyOfRotationToldForOld if event.kind == ApiKeyRotated => {
                if let Subject::ApiKey(number) = event.subject {
                    event.subject = KeyNumber::new(number.get() + 1).map_or(event.subject, Subject::ApiKey);
                }
            }
            Fault::EveryActorIsOperator => event.stamp.actor = Actor::Operator,
            Fault::ActorsUserForgotten => {
                if let Actor::ApiKey { user_id, .. } = &mut event.stamp.actor {
                    *user_id = None;
                }
            }
            Fault::ActorsKeyIn32Bits => {
                if let Actor::ApiKey { number, .. } = &mut event.stamp.actor {
                    *number = KeyNumber::new(number.get() & i64::from(i32::MAX)).unwrap_or(*number);
                }
            }
            Fault::DeletionsByOperator if is_of_gone(event.kind) => event.stamp.actor = Actor::Operator,
            Fault::RevocationsWithUserByOperator if event.kind == ApiKeyRevoked && together(UserUpdated) => {
                event.stamp.actor = Actor::Operator;
            }
            Fault::EventTimeInSeconds => {
                let millis = event.stamp.time.unix_millis().rem_euclid(1_000);
                event.stamp.time = event.stamp.time.saturating_add_millis(-millis);
            }
            Fault::TimeOfTheThing => {
                if let Some(Snapshot::User(user)) = before {
                    event.stamp.time = user.created_at;
                }
            }
            _ => {}
        }
    }

    /// Shows another snapshot.
    fn show_otherwise(&self, state: &State, event: &mut Event, before: Option<Snapshot>) {
        let snapshot = &mut event.snapshot;
        match self.fault {
            Fault::SnapshotsOfUpdatesMissing if event.kind == EventKind::CustomerUpdated => *snapshot = None,
            Fault::SnapshotsBeforeUpdates if snapshot.is_some() => {
                *snapshot = before.or(snapshot.take());
            }
            Fault::SnapshotsAreCurrent if snapshot.is_some() => {
                *snapshot = state.snapshot(event.shop_id, event.subject).or(snapshot.take());
            }
            Fault::DeletedHaveSnapshots if event.kind == EventKind::TicketDeleted => *snapshot = before,
            Fault::SnapshotsWithoutHumanTicket => {
                if let Some(Snapshot::Ticket(snapshot)) = snapshot {
                    snapshot.human_ticket = None;
                }
            }
            Fault::SnapshotsTagsSorted => {
                if let Some(Snapshot::Ticket(snapshot)) = snapshot {
                    snapshot.ticket.tags.sort();
                }
            }
            Fault::SnapshotsTextCut => {
                if let Some(Snapshot::Comment(comment)) = snapshot {
                    comment.text = comment.text.chars().take(255).collect();
                }
            }
            Fault::SnapshotsExpiryMissing => {
                if let Some(Snapshot::ApiKey(key)) = snapshot {
                    key.expires_at = None;
                }
            }
            _ => {}
        }
    }
}

fn is_of_gone(kind: EventKind) -> bool {
    matches!(kind, EventKind::TicketDeleted | EventKind::CommentDeleted | EventKind::CustomerErased)
}

#[async_trait]
impl EventStore for FaultyStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<Page<Event, EventPosition>, StorageError> {
        let log = self.shown_log(shop).into_iter();
        let is_wanted = |event: &Event| {
            after.is_none_or(|after| match self.fault {
                Fault::RestOfAChangeSkipped => event.position.change > after.change,
                Fault::EventsFromThePlaceOn => event.position >= after,
                Fault::PlaceMustBeThere => {
                    event.position > after
                        && self
                            .inner
                            .state()
                            .events_after(shop, None)
                            .iter()
                            .any(|(place, _)| *place == after)
                }
                _ => event.position > after,
            })
        };
        let mut page =
            page_of(log.filter(is_wanted).map(|event| (event.position, event)).collect(), Some(limit));
        let last = page.entries.last().map(|event| event.position);
        let is_full = u32::try_from(page.entries.len()) == Ok(limit);
        match self.fault {
            Fault::FullPageOfEventsGoesOn if is_full => page.next = last,
            Fault::NextPageOfEventsUntold if limit > 2 => page.next = None,
            _ => {}
        }
        Ok(page)
    }
}
