//! The ranges that the rules allow a store to return.

use std::collections::BTreeMap;

use anyhow::ensure;
use hexdesk_domain::{IdRange, NodeNumber, Timestamp};

use crate::comparison::same;

/// The end of each node's ranges.
#[derive(Debug, Default)]
pub(super) struct IdRangeLedger(BTreeMap<NodeNumber, Timestamp>);

impl IdRangeLedger {
    /// Records the returned range. Fails if the rules do not allow it.
    pub(super) fn note(
        &mut self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
        range: IdRange,
    ) -> anyhow::Result<()> {
        let Self(ends) = self;
        match current.filter(|current| ends.get(&current.node) == Some(&current.until)) {
            Some(IdRange { node, until: end, .. }) => {
                let until = end.max(now).saturating_add_millis(span_millis);
                same("an extension", &range, &IdRange { node, from: end, until })?;
            }
            None => {
                let until = range.from.saturating_add_millis(span_millis);
                same("the end of a new range", &range.until, &until)?;
                ensure!(range.from >= now, "a new range begins before now, {now}: {range:?}");
                if let Some(end) = ends.get(&range.node).filter(|end| **end > now) {
                    same("the beginning of a new range on a node in use", &range.from, end)?;
                    let in_use = ends.values().filter(|end| **end > now).count();
                    same("the number of nodes in use", &in_use, &usize::from(NodeNumber::COUNT))?;
                }
            }
        }
        ends.insert(range.node, range.until);
        Ok(())
    }
}
