use async_trait::async_trait;
use hexdesk_domain::{RetentionStore, ShopId, StorageError, Timestamp};

use crate::RedbStorage;

#[async_trait]
impl RetentionStore for RedbStorage {
    async fn remove_idempotency_records(&self, _before: Timestamp, _limit: u32) -> Result<u64, StorageError> {
        todo!()
    }

    async fn remove_events(
        &self,
        _shop: ShopId,
        _before: Timestamp,
        _limit: u32,
    ) -> Result<u64, StorageError> {
        todo!()
    }
}
