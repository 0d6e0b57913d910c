use async_trait::async_trait;
use hexdesk_domain::{Attempt, RetentionStore, ShopId, StorageError, Timestamp, WebhookId};

use super::idempotency::{IdempotencyRecord, RecordKey};
use super::{MemoryStorage, State};

impl State {
    pub(crate) fn remove_idempotency_records(&mut self, before: Timestamp, limit: u32) -> u64 {
        let loads = &self.loads;
        let is_old = |(shop, ..): &RecordKey, record: &mut IdempotencyRecord| {
            record.requested_at < before && !loads.contains_key(shop)
        };
        let old = self.idempotency_records.extract_if(.., is_old);
        (0..limit).zip(old).count() as u64
    }

    pub(crate) fn remove_events(&mut self, shop: ShopId, before: Timestamp, limit: u32) -> u64 {
        if self.is_loading(shop) {
            return 0;
        }
        let events = self.events.entry(shop).or_default();
        let old = events.iter().take_while(|event| event.stamp.time < before);
        let old = (0..limit).zip(old).count();
        let last = events.drain(..old).next_back();
        self.log_beginnings.extend(last.map(|event| (shop, event.position)));
        old as u64
    }

    pub(crate) fn remove_attempts(&mut self, shop: ShopId, before: Timestamp, limit: u32) -> u64 {
        if self.is_loading(shop) {
            return 0;
        }
        let is_old = |key: &(ShopId, WebhookId, i64), attempt: &mut Attempt| {
            key.0 == shop && attempt.made.time < before
        };
        let old = self.attempts.extract_if(.., is_old);
        (0..limit).zip(old).count() as u64
    }
}

#[async_trait]
impl RetentionStore for MemoryStorage {
    async fn remove_idempotency_records(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        Ok(self.state().remove_idempotency_records(before, limit))
    }

    async fn remove_events(&self, shop: ShopId, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        Ok(self.state().remove_events(shop, before, limit))
    }

    async fn remove_attempts(
        &self,
        shop: ShopId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StorageError> {
        Ok(self.state().remove_attempts(shop, before, limit))
    }
}
