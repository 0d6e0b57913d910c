//! The obligations IDRANGE are in the documentation of [`IdRangeStore`].

use async_trait::async_trait;
use hexdesk_domain::{IdRange, IdRangeStore, StorageError, Timestamp};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl IdRangeStore for SkeletonStorage {
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        not_implemented("reserve_id_range")
    }
}
