use std::collections::BTreeSet;

use async_trait::async_trait;
use hexdesk_domain::{RetentionStore, ShopId, StorageError, Timestamp};
use redb::ReadableTable;

use crate::events::range;
use crate::numbers::count_of;
use crate::tables::{EVENTS, IDEMPOTENCY_RECORDS, LOADS, LOG_BEGINNINGS};
use crate::{RedbStorage, archive, deliveries};

#[async_trait]
impl RetentionStore for RedbStorage {
    async fn remove_idempotency_records(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.write("remove_idempotency_records", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            let loads = transaction.open_table(LOADS)?;
            let loading: BTreeSet<i64> =
                loads.iter()?.map(|load| Ok(load?.0.value())).collect::<anyhow::Result<_>>()?;
            let old = records.extract_if(|(shop, ..), (_fingerprint, requested_at, ..)| {
                requested_at < before.unix_millis() && !loading.contains(&shop)
            })?;
            // Entries that are not taken from the iterator stay.
            count_of((0..limit).zip(old).map(|(_, record)| Ok(record?)))
        })
        .await
    }

    async fn remove_events(&self, shop: ShopId, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.write("remove_events", move |transaction| {
            if archive::is_loading(&transaction.open_table(LOADS)?, shop)? {
                return Ok(0);
            }
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
            if archive::is_loading(&transaction.open_table(LOADS)?, shop)? {
                return Ok(0);
            }
            deliveries::remove_attempts(transaction, shop, before, limit)
        })
        .await
    }
}
