//! The obligations RETENTION are in the documentation of [`RetentionStore`].

use async_trait::async_trait;
use hexdesk_domain::{RetentionStore, ShopId, StorageError, Timestamp};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl RetentionStore for SkeletonStorage {
    async fn remove_idempotency_records(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        not_implemented("remove_idempotency_records")
    }

    async fn remove_events(&self, shop: ShopId, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        not_implemented("remove_events")
    }

    async fn remove_attempts(
        &self,
        shop: ShopId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StorageError> {
        not_implemented("remove_attempts")
    }
}
