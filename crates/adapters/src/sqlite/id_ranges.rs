use anyhow::{Context, ensure};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use diesel::upsert::excluded;
use hexdesk_domain::{IdRange, IdRangeStore, NodeNumber, StorageError, Timestamp};

use super::SqliteStorage;
use crate::schema::id_ranges::dsl::{id_ranges, node, reserved_until};
use crate::sql_types::StoredTimestamp;

#[async_trait]
impl IdRangeStore for SqliteStorage {
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        self.write("reserve_id_range", move |connection| {
            ensure!(span_millis > 0, "a range of {span_millis} milliseconds cannot be reserved");
            let reserved = reserved_ends(connection)?;
            let extended = current.filter(|range| {
                reserved.contains(&(i32::from(range.node.get()), StoredTimestamp(range.until)))
            });
            let range = match extended {
                Some(range) => IdRange {
                    node: range.node,
                    from: range.until,
                    until: range.until.max(now).saturating_add_millis(span_millis),
                },
                None => new_range(&reserved, now, span_millis)?,
            };
            diesel::insert_into(id_ranges)
                .values((
                    node.eq(i32::from(range.node.get())),
                    reserved_until.eq(StoredTimestamp(range.until)),
                ))
                .on_conflict(node)
                .do_update()
                .set(reserved_until.eq(excluded(reserved_until)))
                .execute(connection)?;
            Ok(range)
        })
        .await
    }
}

/// The end of what was reserved of each node, in order of node. At most 1,024 rows.
fn reserved_ends(connection: &mut SqliteConnection) -> QueryResult<Vec<(i32, StoredTimestamp)>> {
    id_ranges.select((node, reserved_until)).order(node).load(connection)
}

/// A range of a node whose latest range has passed or that has none; if there is no such
/// node, what follows the range that ends first.
fn new_range(
    reserved: &[(i32, StoredTimestamp)],
    now: Timestamp,
    span_millis: i64,
) -> anyhow::Result<IdRange> {
    let end_of = |number: u16| {
        let found = reserved.binary_search_by_key(&i32::from(number), |&(of_node, _)| of_node);
        found.ok().map(|place| reserved[place].1.0)
    };
    let free = (0..NodeNumber::COUNT).find(|&number| end_of(number).is_none_or(|end| end <= now));
    let (number, from) = match free {
        Some(number) => (number, now),
        None => (0..NodeNumber::COUNT)
            .filter_map(|number| Some((number, end_of(number)?)))
            .min_by_key(|&(_, end)| end)
            .context("there are no nodes")?,
    };
    let number = NodeNumber::new(number).context("there is no such node")?;
    Ok(IdRange { node: number, from, until: from.saturating_add_millis(span_millis) })
}
