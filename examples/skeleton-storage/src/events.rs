//! The obligations EVENT are in the documentation of [`EventStore`].

use async_trait::async_trait;
use hexdesk_domain::{
    Event, EventFilter, EventPosition, EventStore, EventsRemoved, Page, PageSize, ShopId, StorageError,
};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl EventStore for SkeletonStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        filter: EventFilter,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Result<Result<Page<Event, EventPosition>, EventsRemoved>, StorageError> {
        not_implemented("list_events")
    }

    async fn find_log_end(&self, shop: ShopId) -> Result<EventPosition, StorageError> {
        not_implemented("find_log_end")
    }
}
