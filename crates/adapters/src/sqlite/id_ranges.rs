use anyhow::Context;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::upsert::excluded;
use hexdesk_domain::{IdRange, IdRangeStore, StorageError, Timestamp};

use super::SqliteStorage;
use crate::sql::id_ranges::next_range;
use crate::sql::schema::id_ranges::dsl::{id_ranges, node, reserved_until};
use crate::sql::types::StoredTimestamp;

#[async_trait]
impl IdRangeStore for SqliteStorage {
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        self.write("reserve_id_range", move |connection| {
            // At most one row for each of 1,024 nodes.
            let ends = id_ranges.select((node, reserved_until)).load(connection)?;
            let range = next_range(ends, now, span_millis, current)
                .with_context(|| format!("a range of {span_millis} milliseconds cannot be reserved"))?;
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
