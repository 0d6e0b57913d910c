//! Keeps the reserved range of ticket ids ahead of the clock.

use std::sync::Arc;
use std::time::Duration;

use hexdesk_domain::{
    Clock, IdRangeStore, StorageError, TicketId, TicketIdGenerator, TicketIdSource, TicketIdsExhausted,
    Timestamp,
};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// The time for which ids are reserved ahead. Tickets can be created for this long while the store
/// cannot reserve more. It is not longer than necessary, because unused ids are lost.
const RESERVED_MILLIS: i64 = 10 * 60 * 1_000;

/// The interval at which the range is extended.
const EXTEND_EVERY: Duration = Duration::from_secs(60);

/// Ticket ids from a reserved range. The range is extended in the background.
pub(crate) struct ReservedTicketIds {
    ids: TicketIdGenerator,
    exhausted: Notify,
}

/// Extends the range until it is dropped.
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
                // An extension begins at the range's end. Extending a range that reaches far
                // enough would move its end further and further ahead of the clock.
                () = tokio::time::sleep(EXTEND_EVERY) => if self.reaches(clock.now(), RESERVED_MILLIS / 2) {
                    continue;
                },
                () = self.exhausted.notified() => {}
            }
            match store.reserve_id_range(clock.now(), RESERVED_MILLIS, Some(self.ids.range())).await {
                Ok(next) => self.ids.extend(next),
                Err(error) => tracing::warn!(%error, "cannot reserve more ticket ids"),
            }
        }
    }

    /// Whether the range ends at least `millis` after `now`.
    fn reaches(&self, now: Timestamp, millis: i64) -> bool {
        self.ids.range().until >= now.saturating_add_millis(millis)
    }
}

impl TicketIdSource for ReservedTicketIds {
    fn next_id(&self, now: Timestamp) -> Result<TicketId, TicketIdsExhausted> {
        self.ids.next_id(now).inspect_err(|_| self.exhausted.notify_one())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use hexdesk_domain::{IdRange, NodeNumber};
    use tokio::time::Instant;

    use super::*;

    /// A clock that follows tokio's, and a store with ranges of one node.
    struct Fixture {
        started: Instant,
        until: Mutex<Timestamp>,
    }

    impl Clock for Fixture {
        fn now(&self) -> Timestamp {
            let millis = i64::try_from(self.started.elapsed().as_millis()).unwrap();
            Timestamp::parse("2026-01-01T00:00:00Z").unwrap().saturating_add_millis(millis)
        }
    }

    #[async_trait]
    impl IdRangeStore for Fixture {
        async fn reserve_id_range(
            &self,
            now: Timestamp,
            span_millis: i64,
            current: Option<IdRange>,
        ) -> Result<IdRange, StorageError> {
            let mut until = self.until.lock().unwrap();
            let from = (*until).max(now);
            *until = from.saturating_add_millis(span_millis);
            let node = current.map_or(NodeNumber::new(0).unwrap(), |range| range.node);
            Ok(IdRange { node, from, until: *until })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_range_stays_ahead_of_the_time_and_does_not_run_away() {
        let fixture = Arc::new(Fixture { started: Instant::now(), until: Mutex::new(Timestamp::MIN) });
        let (ids, _keeper) = ReservedTicketIds::start(fixture.clone(), fixture.clone()).await.unwrap();
        for _ in 0..24 * 60 {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let now = fixture.now();
            ids.next_id(now).unwrap();
            let ahead = fixture.until.lock().unwrap().unix_millis() - now.unix_millis();
            assert!((RESERVED_MILLIS / 3..=RESERVED_MILLIS * 2).contains(&ahead), "{ahead}");
        }
    }
}
