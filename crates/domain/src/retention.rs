//! The use case: take away what was kept long enough.

use std::sync::Arc;

use crate::ports::{Clock, RetentionStore, ShopStore};
use crate::{StorageError, Timestamp};

/// How much a step takes away: some milliseconds of work on either database.
const STEP: u32 = 500;

/// The least time that idempotency records are kept, in hours; clients rely on it.
pub const MIN_IDEMPOTENCY_HOURS: u32 = 24;

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Idempotency records, in hours; at least [`MIN_IDEMPOTENCY_HOURS`].
    pub idempotency_hours: u32,
    /// Events, in days; for ever if absent.
    pub event_days: Option<u32>,
}

/// How much was taken away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Idempotency records.
    pub idempotency_records: u64,
    /// Events.
    pub events: u64,
}

/// Takes away what was kept long enough, a step after the other.
#[derive(Clone)]
pub struct EnforceRetention {
    store: Arc<dyn RetentionStore>,
    shops: Arc<dyn ShopStore>,
    clock: Arc<dyn Clock>,
    retention: Retention,
}

impl EnforceRetention {
    /// The use case on these ports.
    pub fn new(
        store: Arc<dyn RetentionStore>,
        shops: Arc<dyn ShopStore>,
        clock: Arc<dyn Clock>,
        retention: Retention,
    ) -> Self {
        Self { store, shops, clock, retention }
    }

    /// Takes away everything that is due. Each step is a transaction of its own: what was
    /// taken before an error stays away.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    pub async fn execute(&self) -> Result<Removed, StorageError> {
        let now = self.clock.now();
        let mut removed = Removed::default();
        let before = hours_before(now, self.retention.idempotency_hours.max(MIN_IDEMPOTENCY_HOURS).into());
        loop {
            let step = self.store.remove_idempotency_records(before, STEP).await?;
            removed.idempotency_records += step;
            if step < STEP.into() {
                break;
            }
        }
        let Some(days) = self.retention.event_days else { return Ok(removed) };
        let before = hours_before(now, i64::from(days) * 24);
        for shop in self.shops.list_shops().await? {
            loop {
                let step = self.store.remove_events(shop.id, before, STEP).await?;
                removed.events += step;
                if step < STEP.into() {
                    break;
                }
            }
        }
        Ok(removed)
    }
}

fn hours_before(now: Timestamp, hours: i64) -> Timestamp {
    now.saturating_add_millis(hours.saturating_mul(-60 * 60 * 1_000))
}
