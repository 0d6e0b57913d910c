use async_trait::async_trait;
use hexdesk_domain::{IdRange, IdRangeStore, NodeNumber, StorageError, Timestamp};

use super::{MemoryStorage, State, unexpected};

impl State {
    pub(crate) fn reserve_id_range(
        &mut self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        let is_latest = |range: &IdRange| self.id_range_ends.get(&range.node) == Some(&range.until);
        let range = match current.filter(is_latest) {
            Some(IdRange { node, until: end, .. }) => {
                IdRange { node, from: end, until: end.max(now).saturating_add_millis(span_millis) }
            }
            None => {
                let (node, from) = self.free_node(now);
                IdRange { node, from, until: from.saturating_add_millis(span_millis) }
            }
        };
        if range.from >= range.until {
            return Err(unexpected("reserve_id_range", "no time is left"));
        }
        self.id_range_ends.insert(range.node, range.until);
        Ok(range)
    }

    /// The node whose last range ends first, and the time when it is free. Unused nodes come first.
    fn free_node(&self, now: Timestamp) -> (NodeNumber, Timestamp) {
        let end_of = |node: NodeNumber| self.id_range_ends.get(&node).copied().unwrap_or(Timestamp::MIN);
        let mut free = (FIRST_NODE, end_of(FIRST_NODE));
        for node in (0..NodeNumber::COUNT).filter_map(NodeNumber::new) {
            if end_of(node) < free.1 {
                free = (node, end_of(node));
            }
        }
        (free.0, free.1.max(now))
    }
}

const FIRST_NODE: NodeNumber = match NodeNumber::new(0) {
    Some(node) => node,
    None => unreachable!(),
};

#[async_trait]
impl IdRangeStore for MemoryStorage {
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        self.state().reserve_id_range(now, span_millis, current)
    }
}
