use async_trait::async_trait;
use hexdesk_domain::{RetentionStore, ShopId, StorageError, Timestamp};

use super::FaultyStorage;

#[async_trait]
impl RetentionStore for FaultyStorage {
    async fn remove_idempotency_records(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.inner.remove_idempotency_records(before, limit).await
    }

    async fn remove_events(&self, shop: ShopId, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.inner.remove_events(shop, before, limit).await
    }
}
