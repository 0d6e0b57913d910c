use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use hexdesk_domain::{IdRange, IdRangeStore, NodeNumber, StorageError, Timestamp};
use redb::ReadableTable;

use crate::RedbStorage;
use crate::encoding::timestamp;
use crate::tables::ID_RANGE_ENDS;

/// Where the ranges handed out so far end, of each node that was handed out.
type Ends = BTreeMap<NodeNumber, Timestamp>;

#[async_trait]
impl IdRangeStore for RedbStorage {
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        self.write("reserve_id_range", move |transaction| {
            let mut table = transaction.open_table(ID_RANGE_ENDS)?;
            let range = next_range(&ends(&table)?, now, span_millis, current)?;
            // At the end of time.
            ensure!(range.from < range.until, "no range of ticket ids is left");
            table.insert(range.node.get(), range.until.unix_millis())?;
            Ok(range)
        })
        .await
    }
}

/// At most 1,024 entries.
fn ends(table: &impl ReadableTable<u16, i64>) -> anyhow::Result<Ends> {
    let mut ends = Ends::new();
    for entry in table.iter()? {
        let (node, end) = entry?;
        let node = NodeNumber::new(node.value()).context("a stored node number is out of range")?;
        ends.insert(node, timestamp(end.value())?);
    }
    Ok(ends)
}

fn next_range(
    ends: &Ends,
    now: Timestamp,
    span_millis: i64,
    current: Option<IdRange>,
) -> anyhow::Result<IdRange> {
    if let Some(latest) = current.filter(|range| ends.get(&range.node) == Some(&range.until)) {
        let from = latest.until;
        let until = from.max(now).saturating_add_millis(span_millis);
        return Ok(IdRange { node: latest.node, from, until });
    }
    // The node that has been free for longest, or that will be free first if none is.
    let end_of = |node: &NodeNumber| ends.get(node).copied().unwrap_or(Timestamp::MIN);
    let nodes = (0..NodeNumber::COUNT).filter_map(NodeNumber::new);
    let node = nodes.min_by_key(end_of).context("there are no nodes")?;
    let from = end_of(&node).max(now);
    Ok(IdRange { node, from, until: from.saturating_add_millis(span_millis) })
}
