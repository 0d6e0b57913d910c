//! Removes old idempotency records, events and attempts, except of shops that are being loaded.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use diesel::dsl::{exists, not};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{RetentionStore, ShopId, StorageError, Timestamp};

use super::PostgresStorage;
use super::errors::{Effect, Failure, count_from};
use super::idempotency::release;
use super::layout::Layout;
use super::record_key::RecordKey;
use crate::sql::schema::{events, idempotency_records, log_beginnings, shop_loads};
use crate::sql::types::{Instant, StoredTimestamp};

#[async_trait]
impl RetentionStore for PostgresStorage {
    async fn remove_idempotency_records(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        let (layout, before) = (self.layout, StoredTimestamp(before));
        self.connections
            .run(
                "remove_idempotency_records",
                Effect::Write,
                async move |connection: &mut AsyncPgConnection| match layout {
                    Layout::OneServer => {
                        let removal = RemoveIdempotencyRecords { before, rows: limit.into() };
                        count_from(removal.execute(connection).await?)
                    }
                    Layout::ByShop => remove_records_by_shop(connection, before, limit.into()).await,
                },
            )
            .await
    }

    async fn remove_events(&self, shop: ShopId, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.connections
            .run("remove_events", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                let before = StoredTimestamp(before);
                // Usually there is nothing to remove. Then this takes no lock.
                let old = beginning(connection, shop, before, limit.into(), Lock::None).await?;
                let Ok(rows @ 1..) = i64::try_from(old.len()) else { return Ok(0) };
                connection
                    .transaction(async |connection| remove_events(connection, shop, before, rows).await)
                    .await
            })
            .await
    }

    async fn remove_attempts(
        &self,
        shop: ShopId,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StorageError> {
        self.connections
            .run("remove_attempts", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                // Another session is already removing locked attempts.
                let removed = diesel::sql_query(
                    "DELETE FROM webhook_attempts WHERE shop_id = $1 AND (webhook_id, number) IN (
                        SELECT webhook_id, number FROM webhook_attempts
                        WHERE shop_id = $1 AND time < $2
                            AND NOT EXISTS (SELECT FROM shop_loads WHERE shop_id = $1)
                        ORDER BY time LIMIT $3 FOR UPDATE SKIP LOCKED
                    )",
                )
                .bind::<BigInt, _>(shop.get())
                .bind::<Instant, _>(StoredTimestamp(before))
                .bind::<BigInt, _>(i64::from(limit))
                .execute(connection)
                .await?;
                count_from(removed)
            })
            .await
    }
}

/// Removes at most `rows` old idempotency records, shop by shop. Skips those that another session is
/// removing.
async fn remove_records_by_shop(
    connection: &mut AsyncPgConnection,
    before: StoredTimestamp,
    rows: i64,
) -> Result<u64, Failure> {
    let (mut removed, mut skipped) = (0, 0);
    while removed < rows {
        let oldest = idempotency_records::table
            .filter(idempotency_records::created_at.lt(before))
            .filter(not(exists(
                shop_loads::table.filter(shop_loads::shop_id.eq(idempotency_records::shop_id)),
            )))
            .order(idempotency_records::created_at)
            .select(RecordKey::as_select());
        let found: Vec<RecordKey> = oldest.limit(rows - removed).offset(skipped).load(connection).await?;
        if found.is_empty() {
            break;
        }
        let mut shops: BTreeMap<i64, BTreeSet<RecordKey>> = BTreeMap::new();
        skipped += i64::try_from(found.len()).unwrap_or(i64::MAX);
        for key in found {
            shops.entry(key.shop_id).or_default().insert(key);
        }
        for (shop, keys) in shops {
            let released = connection
                .transaction(async |connection| remove_records_of(connection, shop, &keys, before).await)
                .await?;
            removed += released;
            skipped -= released;
        }
    }
    count_from(removed)
}

/// Removes these records of a shop if they are old. Must run in a transaction.
async fn remove_records_of(
    connection: &mut AsyncPgConnection,
    shop: i64,
    keys: &BTreeSet<RecordKey>,
    before: StoredTimestamp,
) -> QueryResult<i64> {
    let names = keys.iter().map(|key| key.idempotency_key.as_str());
    let mut locked: Vec<RecordKey> = idempotency_records::table
        .filter(idempotency_records::shop_id.eq(shop))
        .filter(idempotency_records::idempotency_key.eq_any(names.collect::<Vec<_>>()))
        .filter(idempotency_records::created_at.lt(before))
        .select(RecordKey::as_select())
        .for_update()
        .skip_locked()
        .load(connection)
        .await?;
    locked.retain(|key| keys.contains(key));
    release(connection, locked.iter()).await?;
    Ok(i64::try_from(locked.len()).unwrap_or(i64::MAX))
}

/// Removes at most `rows` events from the beginning of the shop's log. Stops at the first event at
/// or after `before`. Must run in a transaction.
async fn remove_events(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    before: StoredTimestamp,
    rows: i64,
) -> Result<u64, Failure> {
    // Waits for a concurrent removal, and continues after it.
    let old = beginning(connection, shop, before, rows, Lock::ForUpdate).await?;
    let Some(&(change, part)) = old.last() else { return Ok(0) };
    let up_to_last = events::change.lt(change).or(events::change.eq(change).and(events::part.le(part)));
    let removed = diesel::delete(events::table)
        .filter(events::shop_id.eq(shop.get()).and(events::change.le(change)).and(up_to_last))
        .execute(connection)
        .await?;
    // A concurrent removal has waited for the removed rows, so the beginning only moves ahead.
    let beginning = (log_beginnings::change.eq(change), log_beginnings::part.eq(part));
    diesel::insert_into(log_beginnings::table)
        .values((log_beginnings::shop_id.eq(shop.get()), beginning))
        .on_conflict(log_beginnings::shop_id)
        .do_update()
        .set(beginning)
        .execute(connection)
        .await?;
    count_from(removed)
}

/// The positions of the events that [`remove_events`] removes.
async fn beginning(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    before: StoredTimestamp,
    rows: i64,
    lock: Lock,
) -> QueryResult<Vec<(i64, i64)>> {
    let first: Vec<(i64, i64, StoredTimestamp)> =
        FirstEvents { shop: shop.get(), rows, lock }.load(connection).await?;
    let old = first.into_iter().take_while(|(_, _, time)| time.0 < before.0);
    Ok(old.map(|(change, part, _)| (change, part)).collect())
}

/// Whether a read locks rows.
#[derive(Debug, Clone, Copy)]
enum Lock {
    None,
    /// Locks the rows in the order of the log, as the erasure of a customer does.
    ForUpdate,
}

/// The first events of a shop's log. None while the shop is being loaded.
#[derive(Debug)]
struct FirstEvents {
    shop: i64,
    rows: i64,
    lock: Lock,
}

impl QueryId for FirstEvents {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for FirstEvents {
    type SqlType = (BigInt, BigInt, Instant);
}

impl QueryFragment<Pg> for FirstEvents {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT change, part, time FROM events WHERE shop_id = ");
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(" AND NOT EXISTS (SELECT FROM shop_loads WHERE shop_id = ");
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(") ORDER BY change, part LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.rows)?;
        match self.lock {
            Lock::None => {}
            Lock::ForUpdate => out.push_sql(" FOR UPDATE"),
        }
        Ok(())
    }
}

#[derive(Debug, QueryId)]
struct RemoveIdempotencyRecords {
    before: StoredTimestamp,
    rows: i64,
}

impl QueryFragment<Pg> for RemoveIdempotencyRecords {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Planned for the table as it is now: a plan made while it was empty could read it whole.
        out.unsafe_to_cache_prepared();
        // Another session is already removing locked records.
        out.push_sql(
            "WITH old AS MATERIALIZED (
                SELECT shop_id, idempotency_key, operation FROM idempotency_records WHERE created_at < ",
        );
        out.push_bind_param::<Instant, _>(&self.before)?;
        out.push_sql(" AND shop_id NOT IN (SELECT shop_id FROM shop_loads) ORDER BY created_at LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.rows)?;
        out.push_sql(
            " FOR UPDATE SKIP LOCKED
            ) DELETE FROM idempotency_records AS record USING old
            WHERE record.shop_id = old.shop_id AND record.idempotency_key = old.idempotency_key
                AND record.operation = old.operation",
        );
        Ok(())
    }
}
