use async_trait::async_trait;
use hexdesk_domain::{
    ApiKeySnapshot, AuditStamp, CommentId, CustomerId, Event, EventFilter, EventKind, EventPosition,
    EventStore, EventsRemoved, Page, PageSize, ShopId, Snapshot, StorageError, Subject,
};

use super::{MemoryStorage, State};

impl State {
    /// Appends the events of a change after the change itself. Each snapshot is the current
    /// subject. Deleted subjects have none.
    pub(crate) fn append_events(
        &mut self,
        shop: ShopId,
        stamp: AuditStamp,
        parts: impl IntoIterator<Item = (EventKind, Subject)>,
    ) {
        let change = self.changes.get(&shop).copied().unwrap_or_default() + 1;
        self.changes.insert(shop, change);
        for (part, (kind, subject)) in (0..).zip(parts) {
            let position = EventPosition { change, part };
            let snapshot = self.snapshot(shop, subject);
            let event = Event { shop_id: shop, position, kind, subject, stamp, snapshot };
            self.events.entry(shop).or_default().push(event);
        }
    }

    pub(crate) fn snapshot(&self, shop: ShopId, subject: Subject) -> Option<Snapshot> {
        Some(match subject {
            Subject::Ticket(id) => Snapshot::Ticket(Box::new((&self.find_ticket(shop, id)?).into())),
            Subject::Comment(id) => Snapshot::Comment(Box::new(self.comments.get(&(shop, id))?.clone())),
            Subject::Customer(id) => Snapshot::Customer(Box::new(self.customers.get(&(shop, id))?.clone())),
            Subject::User(id) => Snapshot::User(Box::new(self.users.get(&(shop, id))?.clone())),
            Subject::ApiKey(number) => {
                Snapshot::ApiKey(Box::new(ApiKeySnapshot::from(self.api_keys.get(&(shop, number))?)))
            }
            Subject::Webhook(id) => Snapshot::from(self.webhooks.get(&(shop, id))?),
            Subject::Shop(id) => Snapshot::from(self.shops.get(&id)?),
        })
    }

    /// Removes the snapshots that hold this customer's data.
    pub(crate) fn scrub_events(&mut self, shop: ShopId, customer: CustomerId) {
        for event in self.events.entry(shop).or_default() {
            let moved_to = self.moved_events.get(&(shop, event.position)).copied();
            event.snapshot.take_if(|snapshot| moved_to.or(snapshot.customer_id()) == Some(customer));
        }
    }

    /// The shop's events after this position, oldest first.
    pub(crate) fn events_after(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
    ) -> Vec<(EventPosition, Event)> {
        let of_shop = self.events.get(&shop).into_iter().flatten();
        let wanted = of_shop.filter(|event| after.is_none_or(|after| event.position > after));
        wanted.map(|event| (event.position, event.clone())).collect()
    }

    /// A page of the events after this position that meet the filter (EVENT-17).
    pub(crate) fn page_of_log(
        &self,
        shop: ShopId,
        filter: &EventFilter,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Page<Event, EventPosition> {
        let mut events = self.events_after(shop, after);
        let mut end = None;
        if filter.has_conditions() && events.len() > filter.at_most.max(1) as usize {
            events.truncate(filter.at_most.max(1) as usize);
            end = events.last().map(|(position, _)| *position);
        }
        events.retain(|(_, event)| filter.matches(event));
        let page = Page::cut(events, size);
        Page { next: page.next.or(end), ..page }
    }

    /// Fails if events after this position were removed.
    pub(crate) fn check_not_removed(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
    ) -> Result<(), EventsRemoved> {
        match (after, self.log_beginnings.get(&shop)) {
            (Some(after), Some(&oldest)) if after < oldest => Err(EventsRemoved { oldest }),
            _ => Ok(()),
        }
    }

    pub(crate) fn log_end(&self, shop: ShopId) -> EventPosition {
        EventPosition::end_of(self.changes.get(&shop).copied().unwrap_or_default())
    }
}

/// The event of a deleted comment.
pub(super) fn comment_deleted(id: CommentId) -> (EventKind, Subject) {
    (EventKind::CommentDeleted, Subject::Comment(id))
}

#[async_trait]
impl EventStore for MemoryStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        filter: EventFilter,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Result<Result<Page<Event, EventPosition>, EventsRemoved>, StorageError> {
        let state = self.state();
        let removed = state.check_not_removed(shop, after);
        Ok(removed.map(|()| state.page_of_log(shop, &filter, after, size)))
    }

    async fn find_log_end(&self, shop: ShopId) -> Result<EventPosition, StorageError> {
        Ok(self.state().log_end(shop))
    }
}
