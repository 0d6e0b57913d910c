mod log;

use async_trait::async_trait;
use hexdesk_domain::{Event, EventPosition, EventStore, EventsRemoved, Page, PageSize, ShopId, StorageError};

use crate::RedbStorage;
use crate::encoding::decode;
use crate::tables::{EVENTS, LAST_CHANGES, LOG_BEGINNINGS};

pub(crate) use log::{EventLog, range};

#[async_trait]
impl EventStore for RedbStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Result<Result<Page<Event, EventPosition>, EventsRemoved>, StorageError> {
        self.read("list_events", move |transaction| {
            let beginning = transaction.open_table(LOG_BEGINNINGS)?.get(shop.get())?.map(|it| it.value());
            let oldest = beginning.map(|(change, part)| EventPosition { change, part });
            if let (Some(after), Some(oldest)) = (after, oldest)
                && after < oldest
            {
                return Ok(Err(EventsRemoved { oldest }));
            }
            let events = transaction.open_table(EVENTS)?.range(range(shop, after))?.map(|entry| {
                let (_, stored) = entry?;
                read_event(stored.value())
            });
            Page::try_from_list(events, size, |event| event.position).map(Ok)
        })
        .await
    }

    async fn find_log_end(&self, shop: ShopId) -> Result<EventPosition, StorageError> {
        self.read("find_log_end", move |transaction| {
            let change =
                transaction.open_table(LAST_CHANGES)?.get(shop.get())?.map_or(0, |last| last.value());
            Ok(EventPosition::end_of(change))
        })
        .await
    }
}

/// Puts a stored event and its snapshot together.
pub(crate) fn read_event(
    (_time, event, _customer, snapshot): (i64, &[u8], Option<i64>, Option<&[u8]>),
) -> anyhow::Result<Event> {
    let snapshot = snapshot.map(decode).transpose()?;
    Ok(Event { snapshot, ..decode(event)? })
}
