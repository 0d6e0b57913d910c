//! What is taken away once it was kept long enough: the settings, and the task that does it.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hexdesk_domain::{Clock, EnforceRetention, MIN_IDEMPOTENCY_HOURS, Retention, Storage};
use tokio::task::AbortHandle;

/// How long to wait before looking again for what was kept long enough.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// How long things are kept.
#[derive(Debug, Clone, Args)]
pub(crate) struct RetentionSettings {
    /// How many hours the answers to requests with an Idempotency-Key are kept for those who
    /// send them again: 24 to 8760.
    #[arg(
        long,
        env = "HEXDESK_KEEP_IDEMPOTENCY_KEYS",
        default_value = "24",
        value_name = "HOURS",
        value_parser = clap::value_parser!(u32).range(i64::from(MIN_IDEMPOTENCY_HOURS)..=8_760)
    )]
    keep_idempotency_keys: u32,
    /// How many days the log of events is kept: 1 to 36500; for ever if left out.
    #[arg(
        long,
        env = "HEXDESK_KEEP_EVENTS",
        value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36_500)
    )]
    keep_events: Option<u32>,
}

/// Takes away what was kept long enough, for as long as it is held.
pub(crate) struct RetentionKeeper(AbortHandle);

impl Drop for RetentionKeeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl RetentionSettings {
    /// Begins to hold the store to the settings: now and each hour, in small steps.
    pub(crate) fn enforce(&self, storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> RetentionKeeper {
        let retention =
            Retention { idempotency_hours: self.keep_idempotency_keys, event_days: self.keep_events };
        let enforce = EnforceRetention::new(storage.clone(), storage, clock, retention);
        let task = tokio::spawn(async move {
            loop {
                match enforce.execute().await {
                    Ok(removed) => tracing::debug!(
                        idempotency_records = removed.idempotency_records,
                        events = removed.events,
                        "removed what was kept long enough"
                    ),
                    Err(error) => {
                        tracing::warn!(%error, "could not remove what was kept long enough; trying again in an hour");
                    }
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        RetentionKeeper(task.abort_handle())
    }
}
