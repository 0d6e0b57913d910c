use async_trait::async_trait;
use hexdesk_domain::{Event, EventPosition, EventStore, Page, ShopId, StorageError};

use super::FaultyStorage;

#[async_trait]
impl EventStore for FaultyStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<Page<Event, EventPosition>, StorageError> {
        self.inner.list_events(shop, after, limit).await
    }
}
