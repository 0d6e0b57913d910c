use async_trait::async_trait;
use hexdesk_domain::{Fingerprint, RetentionStore, ShopId, StorageError, Timestamp};

use super::{Fault, FaultyStorage};

#[async_trait]
impl RetentionStore for FaultyStorage {
    async fn remove_idempotency_records(
        &self,
        mut before: Timestamp,
        mut limit: u32,
    ) -> Result<u64, StorageError> {
        let mut state = self.inner.state();
        match self.fault {
            Fault::RecordsBeyondTheLimit => limit = limit.saturating_mul(2),
            Fault::RecordsOfTheTimeGo => before = before.saturating_add_millis(1),
            _ => {}
        }
        let records = state.idempotency_records.clone();
        let removed = state.remove_idempotency_records(before, limit);
        let there = state.idempotency_records.clone();
        let gone = records.into_iter().filter(|(key, _)| !there.contains_key(key));
        match self.fault {
            Fault::RecordsOfFirstShopOnly => {
                let first = state.shops.keys().next().copied();
                let others: Vec<_> = gone.filter(|((shop, ..), _)| Some(*shop) != first).collect();
                let kept = others.len() as u64;
                state.idempotency_records.extend(others);
                return Ok(removed - kept);
            }
            Fault::RecordsOfTicketsOnly => {
                let others: Vec<_> = gone.filter(|((_, what, _), _)| what != "create_ticket").collect();
                let kept = others.len() as u64;
                state.idempotency_records.extend(others);
                return Ok(removed - kept);
            }
            Fault::YoungRecordsGoToo if removed > 0 => {
                state.idempotency_records.retain(|(_, _, key), _| key.as_str() != "kept user");
            }
            Fault::TicketsGoWithRecords if removed > 0 => state.tickets.clear(),
            Fault::RemovedRecordsMiscounted => return Ok(removed.min(1)),
            Fault::RemovedKeysTaken => state.idempotency_records.extend(gone.map(|(key, mut record)| {
                record.fingerprint = Fingerprint([0; 32]);
                record.requested_at = Timestamp::MAX;
                (key, record)
            })),
            Fault::RemovedKeysReplayed => state.idempotency_records.extend(gone.map(|(key, mut record)| {
                record.requested_at = Timestamp::MAX;
                (key, record)
            })),
            _ => {}
        }
        Ok(removed)
    }

    async fn remove_events(
        &self,
        shop: ShopId,
        mut before: Timestamp,
        mut limit: u32,
    ) -> Result<u64, StorageError> {
        let mut state = self.inner.state();
        match self.fault {
            Fault::EventsBeyondTheLimit => limit = limit.saturating_add(1),
            Fault::EventsOfTheTimeGo => before = before.saturating_add_millis(1),
            Fault::EventsFromTheMiddle => {
                let log = state.events.entry(shop).or_default();
                let there = log.len();
                let mut left = limit;
                log.retain(|event| {
                    let goes = left > 0 && event.stamp.time < before;
                    left -= u32::from(goes);
                    !goes
                });
                return Ok((there - log.len()) as u64);
            }
            Fault::EventsOfEveryShopGo => {
                for other in state.shops.clone().into_keys().filter(|other| *other != shop) {
                    state.remove_events(other, before, limit);
                }
            }
            Fault::LatestEventStays => {
                let last = state.events.get(&shop).and_then(|log| log.last()).cloned();
                let mut removed = state.remove_events(shop, before, limit);
                let log = state.events.entry(shop).or_default();
                if let Some(last) = last.filter(|_| log.is_empty() && removed > 0) {
                    log.push(last);
                    removed -= 1;
                }
                return Ok(removed);
            }
            _ => {}
        }
        let removed = state.remove_events(shop, before, limit);
        let log = state.events.entry(shop).or_default();
        match self.fault {
            Fault::PlacesTakenBack if log.is_empty() => {
                state.changes.remove(&shop);
            }
            Fault::PlacesMoved => {
                for (change, event) in (1..).zip(log) {
                    event.position.change = change;
                    event.position.part = 0;
                }
            }
            Fault::RemovedEventsMiscounted => return Ok(removed.saturating_sub(1)),
            _ => {}
        }
        Ok(removed)
    }
}
