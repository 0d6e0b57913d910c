use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use hexdesk_domain::{IdRange, IdRangeStore, NodeNumber, StorageError, Timestamp};

use super::PostgresStorage;
use super::errors::{Effect, Failure};
use crate::schema::id_ranges;
use crate::sql_types::StoredTimestamp;

#[async_trait]
impl IdRangeStore for PostgresStorage {
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        self.connections
            .run("reserve_id_range", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| reserve(connection, now, span_millis, current).await)
                    .await
            })
            .await
    }
}

/// Must run in a transaction.
async fn reserve(
    connection: &mut AsyncPgConnection,
    now: Timestamp,
    span_millis: i64,
    current: Option<IdRange>,
) -> Result<IdRange, Failure> {
    // One reservation at a time. They are rare, and each looks at all nodes.
    connection.batch_execute("LOCK TABLE id_ranges IN SHARE ROW EXCLUSIVE MODE").await?;
    let ends: BTreeMap<i32, Timestamp> = id_ranges::table
        .select((id_ranges::node, id_ranges::reserved_until))
        .load::<(i32, StoredTimestamp)>(connection)
        .await?
        .into_iter()
        .map(|(node, end)| (node, end.0))
        .collect();
    let extended = current.filter(|range| ends.get(&i32::from(range.node.get())) == Some(&range.until));
    let range = match extended {
        Some(range) => IdRange {
            node: range.node,
            from: range.until,
            until: range.until.max(now).saturating_add_millis(span_millis),
        },
        None => {
            let (node, end) = longest_passed(&ends)?;
            let from = end.map_or(now, |end| end.max(now));
            IdRange { node, from, until: from.saturating_add_millis(span_millis) }
        }
    };
    diesel::insert_into(id_ranges::table)
        .values((
            id_ranges::node.eq(i32::from(range.node.get())),
            id_ranges::reserved_until.eq(StoredTimestamp(range.until)),
        ))
        .on_conflict(id_ranges::node)
        .do_update()
        .set(id_ranges::reserved_until.eq(excluded(id_ranges::reserved_until)))
        .execute(connection)
        .await?;
    Ok(range)
}

/// The first node that was never used, or else the one whose latest range ends first,
/// with that end. A node rests as long as possible before its number comes back.
fn longest_passed(ends: &BTreeMap<i32, Timestamp>) -> Result<(NodeNumber, Option<Timestamp>), Failure> {
    (0..NodeNumber::COUNT)
        .filter_map(|number| Some((NodeNumber::new(number)?, ends.get(&i32::from(number)).copied())))
        .min_by_key(|&(_, end)| end)
        .ok_or(Failure::Surprise("there are no nodes"))
}
