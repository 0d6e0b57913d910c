use async_trait::async_trait;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use hexdesk_domain::{IdRange, IdRangeStore, StorageError, Timestamp};

use super::PostgresStorage;
use super::errors::{Effect, Failure};
use crate::sql::id_ranges::next_range;
use crate::sql::schema::id_ranges;
use crate::sql::types::StoredTimestamp;

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
    // One reservation at a time. They are rare, and each reads all nodes.
    connection.batch_execute("LOCK TABLE id_ranges IN SHARE ROW EXCLUSIVE MODE").await?;
    let ends = id_ranges::table.select((id_ranges::node, id_ranges::reserved_until)).load(connection).await?;
    let range = next_range(ends, now, span_millis, current)
        .ok_or(Failure::Unexpected("a range of this length cannot be reserved"))?;
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
