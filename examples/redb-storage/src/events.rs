use async_trait::async_trait;
use hexdesk_domain::{Event, EventPosition, EventStore, Page, ShopId, StorageError};

use crate::RedbStorage;

#[async_trait]
impl EventStore for RedbStorage {
    async fn list_events(
        &self,
        _shop: ShopId,
        _after: Option<EventPosition>,
        _limit: u32,
    ) -> Result<Page<Event, EventPosition>, StorageError> {
        todo!()
    }
}
