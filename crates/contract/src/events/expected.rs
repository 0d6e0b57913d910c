//! The expected logs of some shops, recorded while the changes are made.

mod conversations;
mod people;

use std::collections::BTreeMap;

use anyhow::Context;
use hexdesk_domain::{
    Actor, ApiKeySnapshot, AuditStamp, Event, EventKind, EventPosition, KeyNumber, ShopId, Snapshot, Storage,
    Subject, TicketSnapshot, TicketView, UserId,
};

use super::settled_log::settled_log;
use crate::comparison::same;
use crate::samples::{ShopWithPeople, at, request_ids, stamp};

/// An expected event, without its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpectedEvent {
    pub(crate) kind: EventKind,
    pub(crate) subject: Subject,
    pub(crate) stamp: AuditStamp,
    pub(crate) snapshot: Option<Snapshot>,
}

impl ExpectedEvent {
    /// The event of a created or changed subject, with its current state.
    pub(crate) fn of(kind: EventKind, stamp: AuditStamp, snapshot: Snapshot) -> Self {
        Self { kind, subject: snapshot.subject(), stamp, snapshot: Some(snapshot) }
    }

    /// The event of a deleted subject.
    pub(crate) fn of_deleted(kind: EventKind, stamp: AuditStamp, subject: Subject) -> Self {
        Self { kind, subject, stamp, snapshot: None }
    }

    /// A sort key for the events of one change.
    pub(crate) fn order(&self) -> (Subject, EventKind, i64) {
        let version = match &self.snapshot {
            Some(Snapshot::Ticket(snapshot)) => snapshot.ticket.version,
            _ => 0,
        };
        (self.subject, self.kind, version)
    }
}

impl From<Event> for ExpectedEvent {
    fn from(event: Event) -> Self {
        let Event { shop_id: _, position: _, kind, subject, stamp, snapshot } = event;
        Self { kind, subject, stamp, snapshot }
    }
}

/// Makes changes through the ports and records the expected events. It derives them from the
/// outcomes and from the state right after each change.
pub(crate) struct ExpectedEvents<'a> {
    pub(crate) storage: &'a dyn Storage,
    /// The events of each change of each shop, oldest change first. The events of one change are in
    /// any order.
    changes: BTreeMap<ShopId, Vec<Vec<ExpectedEvent>>>,
    /// The actors and times of the changes, used in turn.
    pub(crate) stamps: Vec<AuditStamp>,
    stamped: usize,
}

impl<'a> ExpectedEvents<'a> {
    pub(crate) fn new(storage: &'a dyn Storage) -> anyhow::Result<Self> {
        let number = KeyNumber::new(3).context("a key's number")?;
        let by = |user_id| Actor::ApiKey { number, user_id };
        let actors = [Actor::Operator, by(UserId::new(5)), by(None)];
        let stamps = (0..).zip([2, 0, 1, 2, 1, 0, 0]).zip(request_ids().into_iter().cycle()).map(
            |((index, actor), request_id): ((_, usize), _)| AuditStamp {
                actor: actors[actor],
                time: at(1_001 * index),
                request_id,
            },
        );
        Ok(Self { storage, changes: BTreeMap::new(), stamps: stamps.collect(), stamped: 0 })
    }

    pub(crate) fn next_stamp(&mut self) -> AuditStamp {
        self.stamped += 1;
        self.stamps.get(self.stamped % self.stamps.len().max(1)).copied().unwrap_or(stamp(at(0)))
    }

    /// Records the events of one change, if it has any.
    pub(crate) fn note(&mut self, shop: ShopId, entries: Vec<ExpectedEvent>) {
        if !entries.is_empty() {
            self.changes.entry(shop).or_default().push(entries);
        }
    }

    /// The number of expected events.
    pub(crate) fn len(&self) -> usize {
        self.changes.values().flatten().map(Vec::len).sum()
    }

    /// Creates a shop with a customer and a user.
    pub(crate) async fn create_shop_with_people(&mut self, name: &str) -> anyhow::Result<ShopWithPeople> {
        let fixture = ShopWithPeople::create(self.storage, name).await?;
        let (customer, user) = (fixture.customer.clone(), fixture.user.clone());
        let customer = Snapshot::Customer(Box::new(customer));
        self.note(
            fixture.shop.id,
            vec![ExpectedEvent::of(EventKind::CustomerCreated, stamp(at(0)), customer)],
        );
        let user = Snapshot::User(Box::new(user));
        self.note(fixture.shop.id, vec![ExpectedEvent::of(EventKind::UserCreated, stamp(at(0)), user)]);
        Ok(fixture)
    }

    /// The current state of the subject.
    pub(crate) async fn found(&self, shop: ShopId, subject: Subject) -> anyhow::Result<Snapshot> {
        let storage = self.storage;
        Ok(match subject {
            Subject::Ticket(id) => of_ticket(storage.find_ticket(shop, id).await?.context("a ticket")?),
            Subject::Customer(id) => {
                Snapshot::Customer(Box::new(storage.find_customer(shop, id).await?.context("a customer")?))
            }
            Subject::User(id) => {
                Snapshot::User(Box::new(storage.find_user(shop, id).await?.context("a user")?))
            }
            Subject::ApiKey(number) => {
                let (key, _) = storage.find_key(shop, number).await?.context("a key")?;
                Snapshot::ApiKey(Box::new(ApiKeySnapshot::from(&key)))
            }
            Subject::Webhook(id) => {
                Snapshot::from(&storage.find_webhook(shop, id).await?.context("a webhook")?)
            }
            Subject::Shop(id) => {
                let shops = storage.list_shops().await?;
                Snapshot::from(shops.iter().find(|shop| shop.id == id).context("a shop")?)
            }
            Subject::Comment(_) => anyhow::bail!("comments are found with their tickets only"),
        })
    }

    /// Records a change of one subject, with its current state.
    pub(crate) async fn note_found(
        &mut self,
        shop: ShopId,
        kind: EventKind,
        stamp: AuditStamp,
        subject: Subject,
    ) -> anyhow::Result<()> {
        let snapshot = self.found(shop, subject).await?;
        self.note(shop, vec![ExpectedEvent::of(kind, stamp, snapshot)]);
        Ok(())
    }

    /// Fails unless each shop's log holds exactly the expected events.
    pub(crate) async fn check(&mut self, what: &str) -> anyhow::Result<()> {
        for shop in self.changes.keys().copied().collect::<Vec<_>>() {
            self.log(shop, what).await?;
        }
        Ok(())
    }

    /// Returns the shop's log. Fails unless it holds exactly the expected events.
    pub(crate) async fn log(&mut self, shop: ShopId, what: &str) -> anyhow::Result<Vec<Event>> {
        let stamp = self.next_stamp();
        let (mut log, marker) = settled_log(self.storage, shop, stamp).await?;
        let noted = self.changes.entry(shop).or_default();
        let mut rest = log.iter();
        for (index, change) in noted.iter().enumerate() {
            let mut there: Vec<ExpectedEvent> =
                rest.by_ref().take(change.len()).cloned().map(ExpectedEvent::from).collect();
            let mut change = change.clone();
            there.sort_by_key(ExpectedEvent::order);
            change.sort_by_key(ExpectedEvent::order);
            same(&format!("{what}: the events of change {index} of {}", noted.len()), &there, &change)?;
        }
        same(&format!("{what}: unexpected events"), &rest.collect::<Vec<_>>(), &Vec::new())?;
        for event in &log {
            same(&format!("{what}: the shop of an event"), &event.shop_id, &shop)?;
            let EventPosition { change, part } = event.position;
            anyhow::ensure!(
                change >= 1 && part >= 0,
                "{what}: an event has the position {:?}",
                event.position
            );
        }
        self.note_found(shop, EventKind::UserCreated, stamp, marker.subject).await?;
        log.push(marker);
        Ok(log)
    }

    /// Drops the shop's first events, which were removed.
    pub(crate) fn forget(&mut self, shop: ShopId, mut count: usize) {
        for change in self.changes.entry(shop).or_default() {
            let gone = count.min(change.len());
            change.drain(..gone);
            count -= gone;
        }
    }
}

pub(crate) fn of_ticket(view: TicketView) -> Snapshot {
    let (ticket, human_ticket) = (view.ticket, view.human_ticket);
    Snapshot::Ticket(Box::new(TicketSnapshot { ticket, human_ticket }))
}
