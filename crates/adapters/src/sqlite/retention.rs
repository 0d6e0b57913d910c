use async_trait::async_trait;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{RetentionStore, ShopId, StorageError, Timestamp};

use super::SqliteStorage;
use super::archive::is_loading;
use crate::sql::schema::{events, log_beginnings};
use crate::sql::types::{Instant, StoredTimestamp};

#[async_trait]
impl RetentionStore for SqliteStorage {
    async fn remove_idempotency_records(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.remove("remove_idempotency_records", move |connection| {
            remove_idempotency_records(connection, before, limit)
        })
        .await
    }

    async fn remove_events(&self, shop: ShopId, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.remove("remove_events", move |connection| {
            if is_loading(connection, shop)? {
                return Ok(0);
            }
            remove_events(connection, shop, before, limit)
        })
        .await
    }

    async fn remove_attempts(
        &self,
        shop: ShopId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StorageError> {
        self.write("remove_attempts", move |connection| {
            if is_loading(connection, shop)? {
                return Ok(0);
            }
            let removed = diesel::sql_query(
                "DELETE FROM webhook_attempts WHERE rowid IN (
                    SELECT rowid FROM webhook_attempts WHERE shop_id = ? AND time < ? ORDER BY time LIMIT ?
                )",
            )
            .bind::<BigInt, _>(shop.get())
            .bind::<Instant, _>(StoredTimestamp(before))
            .bind::<BigInt, _>(i64::from(limit))
            .execute(connection)?;
            Ok(removed.try_into()?)
        })
        .await
    }
}

/// Removes the oldest records from before this time, except of shops that are being loaded. Uses the rowid,
/// which the index contains.
fn remove_idempotency_records(
    connection: &mut SqliteConnection,
    before: Timestamp,
    limit: u32,
) -> anyhow::Result<u64> {
    let removed = diesel::sql_query(
        "DELETE FROM idempotency_records WHERE rowid IN (
            SELECT rowid FROM idempotency_records
            WHERE created_at < ? AND shop_id NOT IN (SELECT shop_id FROM shop_loads)
            ORDER BY created_at LIMIT ?
        )",
    )
    .bind::<Instant, _>(StoredTimestamp(before))
    .bind::<BigInt, _>(i64::from(limit))
    .execute(connection)?;
    Ok(removed.try_into()?)
}

/// Finds the last removable event of the shop's log, then removes the log up to it.
fn remove_events(
    connection: &mut SqliteConnection,
    shop: ShopId,
    before: Timestamp,
    limit: u32,
) -> anyhow::Result<u64> {
    let first: Vec<(i64, i64, StoredTimestamp)> = events::table
        .filter(events::shop_id.eq(shop.get()))
        .order((events::change, events::part))
        .select((events::change, events::part, events::time))
        .limit(limit.into())
        .load(connection)?;
    let Some((change, part, _)) = first.into_iter().take_while(|(.., time)| time.0 < before).last() else {
        return Ok(0);
    };
    let is_up_to_last = sql::<Bool>("(events.change, events.part) <= (")
        .bind::<BigInt, _>(change)
        .sql(", ")
        .bind::<BigInt, _>(part)
        .sql(")");
    let removed = diesel::delete(events::table)
        .filter(events::shop_id.eq(shop.get()).and(is_up_to_last))
        .execute(connection)?;
    let beginning = (log_beginnings::change.eq(change), log_beginnings::part.eq(part));
    diesel::insert_into(log_beginnings::table)
        .values((log_beginnings::shop_id.eq(shop.get()), beginning))
        .on_conflict(log_beginnings::shop_id)
        .do_update()
        .set(beginning)
        .execute(connection)?;
    Ok(removed.try_into()?)
}
