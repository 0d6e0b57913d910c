use async_trait::async_trait;
use hexdesk_domain::{IdRange, IdRangeStore, StorageError, Timestamp, next_id_range};

use super::{MemoryStorage, State, unexpected};

impl State {
    pub(crate) fn reserve_id_range(
        &mut self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        let range = next_id_range(&self.id_range_ends, now, span_millis, current)
            .ok_or_else(|| unexpected("reserve_id_range", "no time is left"))?;
        self.id_range_ends.insert(range.node, range.until);
        Ok(range)
    }
}

#[async_trait]
impl IdRangeStore for MemoryStorage {
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        self.state().reserve_id_range(now, span_millis, current)
    }
}
