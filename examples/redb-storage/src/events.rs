mod log;

use async_trait::async_trait;
use hexdesk_domain::{Event, EventPosition, EventStore, Page, PageSize, ShopId, StorageError};

use crate::RedbStorage;
use crate::encoding::decode;
use crate::tables::EVENTS;

pub(crate) use log::{EventLog, range};

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
                let (_, stored) = entry?;
                let (_time, event, _customer, snapshot) = stored.value();
                let snapshot = snapshot.map(decode).transpose()?;
                Ok(Event { snapshot, ..decode(event)? })
            });
            Page::try_from_list(events, size, |event| event.position)
        })
        .await
    }
}
