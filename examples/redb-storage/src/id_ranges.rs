use std::collections::BTreeMap;

use anyhow::Context;
use async_trait::async_trait;
use hexdesk_domain::{IdRange, IdRangeStore, NodeNumber, StorageError, Timestamp, next_id_range};
use redb::ReadableTable;

use crate::RedbStorage;
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
            let range = next_id_range(&ends(&table)?, now, span_millis, current)
                .context("no time is left to make ticket ids in")?;
            table.insert(range.node.get(), range.until.unix_millis())?;
            Ok(range)
        })
        .await
    }
}

/// At most 1,024 entries.
pub(crate) fn ends(table: &impl ReadableTable<u16, i64>) -> anyhow::Result<Ends> {
    let mut ends = Ends::new();
    for entry in table.iter()? {
        let (node, end) = entry?;
        let node = NodeNumber::new(node.value()).context("a stored node number is out of range")?;
        let end = Timestamp::from_unix_millis(end.value()).context("a stored time is out of range")?;
        ends.insert(node, end);
    }
    Ok(ends)
}
