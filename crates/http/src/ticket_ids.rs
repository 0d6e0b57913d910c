//! Keeps the range that ticket ids are made from ahead of the time.

use std::sync::Arc;
use std::time::Duration;

use hexdesk_domain::{
    Clock, IdRangeStore, StorageError, TicketId, TicketIdGenerator, TicketIdSource, TicketIdsExhausted,
    Timestamp,
};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// How far ahead ids are reserved: tickets can be created for so long after the store was
/// last asked. No longer than needed, since a range that is left unused is lost.
const RESERVED_MILLIS: i64 = 10 * 60 * 1_000;

/// How often the range is extended.
const EXTEND_EVERY: Duration = Duration::from_secs(60);

/// Ticket ids from a range reserved with the store, extended in the background.
pub(crate) struct ReservedTicketIds {
    ids: TicketIdGenerator,
    exhausted: Notify,
}

/// Extends the range for as long as it is held.
pub(crate) struct RangeKeeper(AbortHandle);

impl Drop for RangeKeeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ReservedTicketIds {
    /// Reserves a range and keeps it ahead of `clock` until the keeper is dropped.
    ///
    /// # Errors
    /// [`StorageError`] if no range can be reserved now.
    pub(crate) async fn start(
        store: Arc<dyn IdRangeStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Arc<Self>, RangeKeeper), StorageError> {
        let range = store.reserve_id_range(clock.now(), RESERVED_MILLIS, None).await?;
        tracing::debug!(node = range.node.get(), "reserved ticket ids");
        let source = Arc::new(Self { ids: TicketIdGenerator::new(range), exhausted: Notify::new() });
        let keeper = tokio::spawn(Arc::clone(&source).extend(store, clock)).abort_handle();
        Ok((source, RangeKeeper(keeper)))
    }

    async fn extend(self: Arc<Self>, store: Arc<dyn IdRangeStore>, clock: Arc<dyn Clock>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EXTEND_EVERY) => {}
                () = self.exhausted.notified() => {}
            }
            match store.reserve_id_range(clock.now(), RESERVED_MILLIS, Some(self.ids.range())).await {
                Ok(next) => self.ids.extend(next),
                Err(error) => tracing::warn!(%error, "could not reserve more ticket ids"),
            }
        }
    }
}

impl TicketIdSource for ReservedTicketIds {
    fn next_id(&self, now: Timestamp) -> Result<TicketId, TicketIdsExhausted> {
        self.ids.next_id(now).inspect_err(|_| self.exhausted.notify_one())
    }
}
