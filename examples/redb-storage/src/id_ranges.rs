use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use hexdesk_domain::{IdRange, IdRangeStore, NodeNumber, StorageError, Timestamp};
use redb::ReadableTable;

use crate::RedbStorage;
use crate::encoding::timestamp;
use crate::tables::ID_RANGE_ENDS;

/// The end of the last reserved range of each node, for nodes that had a range.
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
    let (node, from) = match current.filter(|range| ends.get(&range.node) == Some(&range.until)) {
        Some(latest) => (latest.node, latest.until),
        None => {
            // The node that has been free the longest, or that becomes free first.
            let end_of = |node: &NodeNumber| ends.get(node).copied().unwrap_or(Timestamp::MIN);
            let nodes = (0..NodeNumber::COUNT).filter_map(NodeNumber::new);
            let node = nodes.min_by_key(end_of).context("there are no nodes")?;
            (node, end_of(&node).max(now))
        }
    };
    let until = from.max(now).saturating_add_millis(span_millis);
    ensure!(from < until, "no time is left to make ticket ids in");
    Ok(IdRange { node, from, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_range_follows_the_end_of_time() {
        assert!(next_range(&Ends::new(), Timestamp::MAX, 1, None).is_err());
        let before_the_end = Timestamp::MAX.saturating_add_millis(-1);
        assert!(next_range(&Ends::new(), before_the_end, 1, None).is_ok());
    }
}
