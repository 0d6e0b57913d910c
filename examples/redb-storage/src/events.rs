mod log;
mod stored;

use async_trait::async_trait;
use hexdesk_domain::{Event, EventPosition, EventStore, Page, PageSize, ShopId, StorageError};

use crate::RedbStorage;
use crate::pages::page_of;
use crate::tables::EVENTS;

pub(crate) use log::{EventLog, NewEvent, range};

#[async_trait]
impl EventStore for RedbStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Result<Page<Event, EventPosition>, StorageError> {
        self.read("list_events", move |transaction| {
            let events = transaction.open_table(EVENTS)?.range(range(shop, after))?.map(|entry| {
                let (key, stored) = entry?;
                stored::event(shop, key.value(), stored.value())
            });
            page_of(events, size, |event| event.position)
        })
        .await
    }
}
