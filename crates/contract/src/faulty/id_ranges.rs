use async_trait::async_trait;
use hexdesk_domain::{IdRange, IdRangeStore, StorageError, StorageErrorKind, Timestamp};

use super::{Fault, FaultyStorage, failure, gap};

#[async_trait]
impl IdRangeStore for FaultyStorage {
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        mut current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        let is_extension = {
            let state = self.inner.state();
            current.is_some_and(|range| state.id_range_ends.get(&range.node) == Some(&range.until))
        };
        match self.fault {
            Fault::RacingRanges => {
                let mut copy = self.inner.state().clone();
                let range = copy.reserve_id_range(now, span_millis, current);
                gap().await;
                self.inner.state().id_range_ends.insert(range.node, range.until);
                return Ok(range);
            }
            Fault::SpanCut => {
                let span_millis = span_millis.min(i64::from(u32::MAX));
                return self.inner.reserve_id_range(now, span_millis, current).await;
            }
            Fault::NodeFreeTooEarly if !is_extension => {
                let last = now.saturating_add_millis(1);
                let mut state = self.inner.state();
                if let Some((node, end)) = state.id_range_ends.iter_mut().find(|(_, end)| **end == last) {
                    *end = last.saturating_add_millis(span_millis);
                    return Ok(IdRange { node: *node, from: last, until: *end });
                }
            }
            Fault::ExtensionIgnoresNow if is_extension => {
                let end = current.map_or(now, |range| range.until);
                return self.inner.reserve_id_range(end, span_millis, current).await;
            }
            Fault::OutdatedRangeExtended => {
                let state = self.inner.state();
                if let Some(range) = &mut current
                    && let Some(end) = state.id_range_ends.get(&range.node)
                {
                    range.until = *end;
                }
            }
            Fault::FarEndsForgotten => {
                let far = now.saturating_add_millis(24 * 60 * 60 * 1_000);
                self.inner.state().id_range_ends.retain(|_, end| *end <= far);
            }
            Fault::NoRangeWithoutFreeNode if !is_extension => {
                let state = self.inner.state();
                let running = state.id_range_ends.values().filter(|end| **end > now).count();
                if running == usize::from(hexdesk_domain::NodeNumber::COUNT) {
                    return Err(failure(StorageErrorKind::Unavailable, "reserve_id_range"));
                }
            }
            _ => {}
        }
        self.inner.reserve_id_range(now, span_millis, current).await
    }
}
