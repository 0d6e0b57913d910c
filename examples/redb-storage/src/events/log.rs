//! Writes the event log.

use std::collections::BTreeSet;
use std::ops::Bound;

use anyhow::ensure;
use hexdesk_domain::{
    ArchivedEvent, AuditStamp, Comment, CustomerId, Event, EventPosition, NewEvent, ShopId, Snapshot, Subject,
};
use redb::{ReadableTable, Table, TableError, WriteTransaction};

use crate::encoding::{decode, encode};
use crate::numbers::{note, noted};
use crate::tables::{EVENTS, EventKey, LAST_CHANGES, StoredEvent};

/// The events, and the number of changes in each shop. Only this type writes them. Every
/// command that changes something appends to the log in its own transaction.
pub(crate) struct EventLog<'transaction> {
    events: Table<'transaction, EventKey, StoredEvent>,
    last_changes: Table<'transaction, i64, i64>,
}

impl<'transaction> EventLog<'transaction> {
    pub(crate) fn open(transaction: &'transaction WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            events: transaction.open_table(EVENTS)?,
            last_changes: transaction.open_table(LAST_CHANGES)?,
        })
    }

    /// Returns the position of the first event of the shop's next change.
    pub(crate) fn next_position(&self, shop: ShopId) -> anyhow::Result<EventPosition> {
        Ok(EventPosition { change: noted(&self.last_changes, shop)? + 1, part: 0 })
    }

    /// Appends the events of the shop's next change. Write transactions run one after another,
    /// so the changes are numbered in the order of their commits.
    pub(crate) fn append(
        &mut self,
        shop: ShopId,
        stamp: AuditStamp,
        events: impl IntoIterator<Item = NewEvent>,
    ) -> anyhow::Result<()> {
        let EventPosition { change, .. } = self.next_position(shop)?;
        self.last_changes.insert(shop.get(), change)?;
        for (part, event) in (0..).zip(events) {
            let event = event.at(shop, EventPosition { change, part }, stamp);
            let customer = event.snapshot.as_ref().and_then(Snapshot::customer_id);
            self.put(event, customer)?;
        }
        Ok(())
    }

    /// Adds an event of another store's log. Later ones come after it.
    pub(crate) fn add(&mut self, archived: ArchivedEvent) -> anyhow::Result<()> {
        let ArchivedEvent { event, customer_id } = archived;
        note(&mut self.last_changes, event.shop_id, event.position.change)?;
        self.put(event, customer_id)
    }

    /// Writes an event, with the customer whose data its snapshot holds.
    fn put(&mut self, mut event: Event, customer: Option<CustomerId>) -> anyhow::Result<()> {
        let (shop, position, time) = (event.shop_id, event.position, event.stamp.time);
        let snapshot = event.snapshot.take();
        let (done, snapshot) = (encode(&event)?, snapshot.map(|it| encode(&it)).transpose()?);
        let customer = customer.map(CustomerId::get);
        let value = (time.unix_millis(), done.as_slice(), customer, snapshot.as_deref());
        let key = (shop.get(), position.change, position.part);
        let is_new = self.events.insert(key, value)?.is_none();
        ensure!(is_new, "the shop {shop} has an event at {position:?} already");
        Ok(())
    }

    /// Removes every snapshot of the shop's log that holds data of these customers. Reads the whole
    /// log.
    pub(crate) fn erase_snapshots(&mut self, shop: ShopId, customers: &[CustomerId]) -> anyhow::Result<()> {
        self.remove_snapshots(shop, |whose, _| {
            Ok(customers.iter().any(|customer| whose == Some(customer.get())))
        })
    }

    /// Removes the snapshots that hold the text of a comment (COMMENT-19). Reads the whole log.
    pub(crate) fn remove_text(&mut self, comment: &Comment) -> anyhow::Result<()> {
        self.remove_snapshots(comment.shop_id, |whose, snapshot| {
            if whose != Some(comment.customer_id.get()) {
                return Ok(false);
            }
            Ok(match snapshot.map(decode).transpose()? {
                Some(Snapshot::Comment(other)) => other.id == comment.id,
                Some(Snapshot::Ticket(snapshot)) => {
                    let ticket = &snapshot.ticket;
                    ticket.id == comment.ticket_id && ticket.last_message.as_ref() == Some(&comment.text)
                }
                Some(
                    Snapshot::Customer(_)
                    | Snapshot::User(_)
                    | Snapshot::ApiKey(_)
                    | Snapshot::Webhook(_)
                    | Snapshot::Shop(_),
                )
                | None => false,
            })
        })
    }

    /// Removes these snapshots of the shop's log, by their customer and themselves.
    fn remove_snapshots(
        &mut self,
        shop: ShopId,
        goes: impl Fn(Option<i64>, Option<&[u8]>) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let mut gone = Vec::new();
        for entry in self.events.range(range(shop, None))? {
            let (key, stored) = entry?;
            let (time, done, whose, snapshot) = stored.value();
            if goes(whose, snapshot)? {
                gone.push((key.value(), time, done.to_vec()));
            }
        }
        for (key, time, done) in gone {
            self.events.insert(key, (time, done.as_slice(), None, None))?;
        }
        Ok(())
    }

    /// Moves every snapshot of these objects to this customer, whose erasure then removes it. Reads the
    /// whole log.
    pub(crate) fn move_snapshots(
        &mut self,
        shop: ShopId,
        subjects: &BTreeSet<Subject>,
        customer: CustomerId,
    ) -> anyhow::Result<()> {
        let mut moved = Vec::new();
        for entry in self.events.range(range(shop, None))? {
            let (key, stored) = entry?;
            let (time, done, _, snapshot) = stored.value();
            let event: Event = decode(done)?;
            if let (true, Some(snapshot)) = (subjects.contains(&event.subject), snapshot) {
                moved.push((key.value(), time, done.to_vec(), snapshot.to_vec()));
            }
        }
        for (key, time, done, snapshot) in moved {
            let value = (time, done.as_slice(), Some(customer.get()), Some(snapshot.as_slice()));
            self.events.insert(key, value)?;
        }
        Ok(())
    }
}

/// Returns the range of the shop's events after this position.
pub(crate) fn range(shop: ShopId, after: Option<EventPosition>) -> (Bound<EventKey>, Bound<EventKey>) {
    let after = after.map_or((i64::MIN, i64::MIN), |place| (place.change, place.part));
    (Bound::Excluded((shop.get(), after.0, after.1)), Bound::Included((shop.get(), i64::MAX, i64::MAX)))
}
