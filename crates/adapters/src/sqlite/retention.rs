use async_trait::async_trait;
use hexdesk_domain::{RetentionStore, ShopId, StorageError, Timestamp};

use super::SqliteStorage;

#[async_trait]
impl RetentionStore for SqliteStorage {
    async fn remove_idempotency_records(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        todo!("{before} {limit}")
    }

    async fn remove_events(&self, shop: ShopId, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        todo!("{shop} {before} {limit}")
    }
}
