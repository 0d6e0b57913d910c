use async_trait::async_trait;
use hexdesk_domain::{RetentionStore, ShopId, StorageError, Timestamp};
use redb::ReadableTable;

use crate::events::range;
use crate::numbers::count_of;
use crate::tables::{EVENTS, IDEMPOTENCY_RECORDS, LOG_BEGINNINGS};
use crate::{RedbStorage, deliveries};

#[async_trait]
impl RetentionStore for RedbStorage {
    async fn remove_idempotency_records(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.write("remove_idempotency_records", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            let old = records
                .extract_if(|_, (_fingerprint, requested_at, ..)| requested_at < before.unix_millis())?;
            // Entries that are not taken from the iterator stay.
            count_of((0..limit).zip(old).map(|(_, record)| Ok(record?)))
        })
        .await
    }

    async fn remove_events(&self, shop: ShopId, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.write("remove_events", move |transaction| {
            let mut events = transaction.open_table(EVENTS)?;
            let mut old = Vec::new();
            for (_, entry) in (0..limit).zip(events.range(range(shop, None))?) {
                let (key, stored) = entry?;
                let (time, ..) = stored.value();
                if time >= before.unix_millis() {
                    break;
                }
                old.push(key.value());
            }
            for key in &old {
                events.remove(key)?;
            }
            if let Some((_, change, part)) = old.last() {
                transaction.open_table(LOG_BEGINNINGS)?.insert(shop.get(), (*change, *part))?;
            }
            Ok(u64::try_from(old.len())?)
        })
        .await
    }

    async fn remove_attempts(
        &self,
        shop: ShopId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StorageError> {
        self.write("remove_attempts", move |transaction| {
            deliveries::remove_attempts(transaction, shop, before, limit)
        })
        .await
    }
}
