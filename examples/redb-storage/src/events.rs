mod log;

use async_trait::async_trait;
use hexdesk_domain::{
    Event, EventFilter, EventPosition, EventStore, EventsRemoved, Page, PageSize, ShopId, StorageError,
};
use redb::ReadableTable;

use crate::RedbStorage;
use crate::encoding::decode;
use crate::numbers::noted;
use crate::tables::{EVENTS, LAST_CHANGES, LOG_BEGINNINGS};

pub(crate) use log::{EventLog, range};

#[async_trait]
impl EventStore for RedbStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        filter: EventFilter,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Result<Result<Page<Event, EventPosition>, EventsRemoved>, StorageError> {
        self.read("list_events", move |transaction| {
            let oldest = beginning(&transaction.open_table(LOG_BEGINNINGS)?, shop)?;
            if let (Some(after), Some(oldest)) = (after, oldest)
                && after < oldest
            {
                return Ok(Err(EventsRemoved { oldest }));
            }
            let table = transaction.open_table(EVENTS)?;
            let mut log = table.range(range(shop, after))?;
            let mut looked_at = None;
            let at_most = if filter.has_conditions() { filter.at_most.max(1) as usize } else { usize::MAX };
            let listed = log.by_ref().take(at_most).filter_map(|entry| match entry {
                Ok((key, stored)) => {
                    let (_, change, part) = key.value();
                    looked_at = Some(EventPosition { change, part });
                    read_matching(stored.value(), &filter).transpose()
                }
                Err(error) => Some(Err(error.into())),
            });
            let mut page = Page::try_from_list(listed, size, |event| event.position)?;
            if page.next.is_none() && log.next().transpose()?.is_some() {
                page.next = looked_at;
            }
            Ok(Ok(page))
        })
        .await
    }

    async fn find_log_end(&self, shop: ShopId) -> Result<EventPosition, StorageError> {
        self.read("find_log_end", move |transaction| {
            Ok(EventPosition::end_of(noted(&transaction.open_table(LAST_CHANGES)?, shop)?))
        })
        .await
    }
}

/// Returns the position of the last event that was removed from the beginning of the log.
pub(crate) fn beginning(
    beginnings: &impl ReadableTable<i64, (i64, i64)>,
    shop: ShopId,
) -> anyhow::Result<Option<EventPosition>> {
    let stored = beginnings.get(shop.get())?.map(|position| position.value());
    Ok(stored.map(|(change, part)| EventPosition { change, part }))
}

/// Returns a stored event if it meets the filter. Does not decode the snapshots of others.
fn read_matching(
    (time, event, customer, snapshot): (i64, &[u8], Option<i64>, Option<&[u8]>),
    filter: &EventFilter,
) -> anyhow::Result<Option<Event>> {
    if filter.has_conditions() && !filter.matches(&decode(event)?) {
        return Ok(None);
    }
    read_event((time, event, customer, snapshot)).map(Some)
}

/// Puts a stored event and its snapshot together.
pub(crate) fn read_event(
    (_time, event, _customer, snapshot): (i64, &[u8], Option<i64>, Option<&[u8]>),
) -> anyhow::Result<Event> {
    let snapshot = snapshot.map(decode).transpose()?;
    Ok(Event { snapshot, ..decode(event)? })
}
