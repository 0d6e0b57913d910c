//! Retention: the settings, and the task that removes expired records.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hexdesk_domain::{
    Clock, EnforceRetention, MIN_EVENT_DAYS_WITH_WEBHOOKS, MIN_IDEMPOTENCY_HOURS, Retention, Storage,
};
use tokio::task::AbortHandle;

use crate::setting_values::whole;

/// The interval at which the task looks for expired records.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// How long records are kept.
#[derive(Debug, Clone, Args)]
pub(crate) struct RetentionSettings {
    /// How many hours to keep the responses to requests with an Idempotency-Key, for requests
    /// that are sent again: 24 to 8760.
    #[arg(
        long,
        env = "HEXDESK_KEEP_IDEMPOTENCY_KEYS",
        default_value = "24",
        value_name = "HOURS",
        value_parser = whole::<u32>("hours", MIN_IDEMPOTENCY_HOURS.into()..=8_760, 48)
    )]
    keep_idempotency_keys: u32,
    /// How many days to keep the event log: 1 to 36500. The events of shops with webhooks are kept for at
    /// least 7. The default is forever.
    #[arg(
        long,
        env = "HEXDESK_KEEP_EVENTS",
        value_name = "DAYS",
        value_parser = event_days()
    )]
    keep_events: Option<u32>,
}

/// Parses a number of days to keep events.
pub(crate) fn event_days() -> impl Fn(&str) -> Result<u32, String> + Clone + Send + Sync + 'static {
    whole("days", 1..=36_500, 90)
}

/// Removes expired records until it is dropped.
pub(crate) struct RetentionKeeper(AbortHandle);

impl Drop for RetentionKeeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl RetentionSettings {
    /// How long records are kept.
    pub(crate) const fn retention(&self) -> Retention {
        Retention { idempotency_hours: self.keep_idempotency_keys, event_days: self.keep_events }
    }

    /// Starts the task that removes expired records, now and every hour, in small steps.
    pub(crate) fn enforce(&self, storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> RetentionKeeper {
        let enforce =
            EnforceRetention::new(storage.clone(), storage.clone(), storage, clock, self.retention());
        let task = tokio::spawn(async move {
            loop {
                match enforce.execute().await {
                    Ok(removed) => {
                        tracing::debug!(
                            idempotency_records = removed.idempotency_records,
                            events = removed.events,
                            attempts = removed.attempts,
                            "removed expired records"
                        );
                        if removed.shops_kept_longer > 0 {
                            tracing::warn!(
                                shops = removed.shops_kept_longer,
                                "--keep-events (HEXDESK_KEEP_EVENTS) is too short for webhooks: the events of \
                                 shops with webhooks are kept for {MIN_EVENT_DAYS_WITH_WEBHOOKS} days; set it to \
                                 at least {MIN_EVENT_DAYS_WITH_WEBHOOKS}, or delete the webhooks"
                            );
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot remove expired records; retrying in an hour");
                    }
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        RetentionKeeper(task.abort_handle())
    }
}
