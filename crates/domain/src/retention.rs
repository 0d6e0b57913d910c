//! The use case: remove old records.

use std::sync::Arc;

use crate::ports::{Clock, RetentionStore, ShopStore, WebhookStore};
use crate::{ShopId, StorageError, Timestamp};

/// The most records that one step removes: some milliseconds of work on either database.
const STEP: u32 = 500;

/// The shortest time to keep idempotency records, in hours. Clients rely on it.
pub const MIN_IDEMPOTENCY_HOURS: u32 = 24;

/// The shortest time to keep the events of a shop with webhooks, in days. An enabled webhook reads every
/// event, and attempts it for up to five days.
pub const MIN_EVENT_DAYS_WITH_WEBHOOKS: u32 = 7;

/// How long to keep the attempts of webhooks, in days.
const ATTEMPT_DAYS: i64 = 30;

/// How long to keep records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Idempotency records, in hours; at least [`MIN_IDEMPOTENCY_HOURS`].
    pub idempotency_hours: u32,
    /// Events, in days. Default: for ever. Those of a shop with webhooks are kept for at least
    /// [`MIN_EVENT_DAYS_WITH_WEBHOOKS`].
    pub event_days: Option<u32>,
}

impl Retention {
    /// Whether events are kept as long as webhooks need.
    pub fn suits_webhooks(&self) -> bool {
        self.event_days.is_none_or(|days| days >= MIN_EVENT_DAYS_WITH_WEBHOOKS)
    }
}

/// The numbers of removed records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Idempotency records.
    pub idempotency_records: u64,
    /// Events.
    pub events: u64,
    /// Attempts of webhooks.
    pub attempts: u64,
    /// The shops whose events are kept for longer than the setting says, because they have webhooks.
    pub shops_kept_longer: u64,
}

/// Removes old records in steps.
#[derive(Clone)]
pub struct EnforceRetention {
    store: Arc<dyn RetentionStore>,
    shops: Arc<dyn ShopStore>,
    webhooks: Arc<dyn WebhookStore>,
    clock: Arc<dyn Clock>,
    retention: Retention,
}

impl EnforceRetention {
    /// Connects the use case to these ports.
    pub fn new(
        store: Arc<dyn RetentionStore>,
        shops: Arc<dyn ShopStore>,
        webhooks: Arc<dyn WebhookStore>,
        clock: Arc<dyn Clock>,
        retention: Retention,
    ) -> Self {
        Self { store, shops, webhooks, clock, retention }
    }

    /// Removes every record that is old enough. Each step is its own transaction: an error
    /// does not undo the steps before it.
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
        let attempts_before = days_before(now, ATTEMPT_DAYS);
        for shop in self.shops.list_shops().await? {
            loop {
                let step = self.store.remove_attempts(shop.id, attempts_before, STEP).await?;
                removed.attempts += step;
                if step < STEP.into() {
                    break;
                }
            }
            let Some(days) = self.event_days(shop.id, &mut removed).await? else { continue };
            let before = days_before(now, days.into());
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

    /// For how many days the events of the shop are kept.
    async fn event_days(&self, shop: ShopId, removed: &mut Removed) -> Result<Option<u32>, StorageError> {
        if self.retention.suits_webhooks() || self.webhooks.list_webhooks(shop).await?.is_empty() {
            return Ok(self.retention.event_days);
        }
        removed.shops_kept_longer += 1;
        Ok(Some(MIN_EVENT_DAYS_WITH_WEBHOOKS))
    }
}

fn hours_before(now: Timestamp, hours: i64) -> Timestamp {
    now.saturating_add_millis(hours.saturating_mul(-60 * 60 * 1_000))
}

fn days_before(now: Timestamp, days: i64) -> Timestamp {
    hours_before(now, days.saturating_mul(24))
}
