use async_trait::async_trait;
use hexdesk_domain::{Event, EventPosition, EventStore, Page, ShopId, StorageError};

use super::SqliteStorage;

#[async_trait]
impl EventStore for SqliteStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<Page<Event, EventPosition>, StorageError> {
        todo!("{shop:?} {after:?} {limit}")
    }
}
