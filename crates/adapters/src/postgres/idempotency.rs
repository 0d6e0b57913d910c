//! Idempotent operations: a retry with the same key returns the outcome of the first request.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::try_join_all;
use hexdesk_domain::{DeferredClaim, IdempotencyRequest, IdempotentOutcome, ShopId};

use super::connection::Work;
use super::errors::Failure;
use super::layout::Layout;
use super::record_key::RecordKey;
use super::unnest::{Change, Column, Lookup, Rows, column};
use crate::sql::idempotency::{IdempotencyRow, RecordedAnswer};
use crate::sql::schema::idempotency_records;
use crate::sql::types::Instant;

/// The maximum number of claims. A record may be removed before it is read.
const ATTEMPTS: usize = 3;

/// Runs an operation of the shop in its own transaction. Does not run it if an earlier request has
/// recorded an outcome for the claim.
pub(super) async fn attempt<T, F>(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    claim: Option<&DeferredClaim<T>>,
    operation: F,
) -> Result<IdempotentOutcome<T>, Failure>
where
    T: Send + 'static,
    F: AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, Failure>
        + for<'c> Work<&'c mut AsyncPgConnection, Result<T, Failure>, Future: Send>
        + Send,
{
    let Some(claim) = claim else {
        return connection.transaction(operation).await.map(IdempotentOutcome::Ran);
    };
    let attempted = connection
        .transaction(async |connection| {
            let DeferredClaim { request, requested_at, receipt } = claim;
            let keys = BTreeSet::from([RecordKey::new(shop, request)]);
            if let Some(recorded) = claim_keys(connection, &keys).await?.into_values().next() {
                return Ok(recorded_outcome(&recorded, request));
            }
            let outcome = operation(connection).await?;
            match receipt(&outcome) {
                Some(receipt) => {
                    let record = IdempotencyRow::new(shop, request, receipt, *requested_at);
                    complete(connection, &[record]).await?;
                }
                None => release(connection, keys.iter()).await?,
            }
            Ok(IdempotentOutcome::Ran(outcome))
        })
        .await;
    match attempted {
        Err(Failure::NotClaimed { keys, cause }) if !held(&keys, &cause, connection).await.is_empty() => {
            Ok(IdempotentOutcome::InProgress)
        }
        attempted => attempted,
    }
}

/// Claims keys for the transaction, and returns the records of keys that were used before. The
/// transaction must [`complete`] or [`release`] every other key. Waits for transactions that have
/// claimed one of the keys.
pub(super) async fn claim_keys(
    connection: &mut AsyncPgConnection,
    keys: &BTreeSet<RecordKey>,
) -> Result<HashMap<RecordKey, RecordedAnswer>, Failure> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let mut claimed = 0;
    for _ in 0..ATTEMPTS {
        // Other transactions cannot see these records yet.
        let claims = Change {
            before: "INSERT INTO idempotency_records
                (shop_id, operation, idempotency_key, fingerprint, receipt, created_at)
                SELECT shop_id, operation, idempotency_key, '', '', now() FROM ",
            rows: rows_of(keys.iter()),
            after: " AS wanted (shop_id, operation, idempotency_key, unused, place)
                ORDER BY place ON CONFLICT DO NOTHING RETURNING shop_id",
        };
        // Citus counts the conflicting rows, too, but does not return them.
        let shops: QueryResult<Vec<i64>> = claims.get_results(connection).await;
        claimed += shops.map_err(|cause| Failure::NotClaimed { keys: keys.clone(), cause })?.len();
        if claimed == keys.len() {
            return Ok(HashMap::new());
        }
        // A new statement sees rows that were committed meanwhile.
        let recorded = read_records(connection, Layout::OneServer, keys).await?;
        if claimed + recorded.len() == keys.len() {
            return Ok(recorded);
        }
    }
    Err(Failure::Unexpected("an idempotency record conflicts and cannot be read"))
}

/// Reads the existing records of these keys. The claims of this transaction have no fingerprint, so
/// they are not among them.
pub(super) async fn read_records(
    connection: &mut AsyncPgConnection,
    layout: Layout,
    keys: &BTreeSet<RecordKey>,
) -> QueryResult<HashMap<RecordKey, RecordedAnswer>> {
    let mut found = HashMap::new();
    match layout {
        Layout::OneServer => found.extend(look_up(connection, keys.iter()).await?),
        // Keys are in order of shop.
        Layout::ByShop => {
            let keys: Vec<&RecordKey> = keys.iter().collect();
            for of_shop in keys.chunk_by(|one, other| one.shop_id == other.shop_id) {
                found.extend(look_up(connection, of_shop.iter().copied()).await?);
            }
        }
    }
    Ok(found)
}

async fn look_up(
    connection: &mut AsyncPgConnection,
    keys: impl Iterator<Item = &RecordKey> + Clone,
) -> QueryResult<Vec<(RecordKey, RecordedAnswer)>> {
    if keys.clone().next().is_none() {
        return Ok(Vec::new());
    }
    let recorded = Lookup {
        selection: <(RecordKey, RecordedAnswer)>::as_select(),
        from: " FROM ",
        rows: rows_of(keys),
        after: " AS wanted (shop_id, operation, idempotency_key)
            CROSS JOIN LATERAL (
                SELECT * FROM idempotency_records
                WHERE shop_id = wanted.shop_id AND operation = wanted.operation
                    AND idempotency_key = wanted.idempotency_key AND fingerprint <> '' LIMIT 1
            ) AS idempotency_records",
    };
    recorded.load(connection).await
}

/// The outcome of a request with a used key.
pub(super) fn recorded_outcome<T>(
    recorded: &RecordedAnswer,
    request: &IdempotencyRequest,
) -> IdempotentOutcome<T> {
    if recorded.fingerprint == request.fingerprint.0 {
        IdempotentOutcome::Replayed(recorded.receipt.clone())
    } else {
        IdempotentOutcome::KeyReused
    }
}

/// Writes the records of keys that the transaction has claimed.
pub(super) async fn complete(connection: &AsyncPgConnection, records: &[IdempotencyRow]) -> QueryResult<()> {
    let change = Change {
        before: "INSERT INTO idempotency_records
            (shop_id, operation, idempotency_key, fingerprint, receipt, customer_id, created_at)
            SELECT shop_id, operation, idempotency_key, fingerprint, receipt, customer_id, created_at
            FROM ",
        rows: Rows {
            shops: records.iter().map(|record| record.shop_id).collect(),
            columns: (
                column::<Text, _>(records.iter().map(|record| &record.operation)),
                column::<Text, _>(records.iter().map(|record| &record.idempotency_key)),
                column::<Binary, _>(records.iter().map(|record| &record.fingerprint)),
                column::<Binary, _>(records.iter().map(|record| &record.receipt)),
                column::<Nullable<BigInt>, _>(records.iter().map(|record| record.customer_id)),
                column::<Instant, _>(records.iter().map(|record| record.created_at)),
            ),
        },
        after: " AS record
                (shop_id, operation, idempotency_key, fingerprint, receipt, customer_id, created_at)
            ON CONFLICT (shop_id, idempotency_key, operation) DO UPDATE
            SET fingerprint = EXCLUDED.fingerprint, receipt = EXCLUDED.receipt,
                customer_id = EXCLUDED.customer_id, created_at = EXCLUDED.created_at",
    };
    change.run(connection).await?;
    Ok(())
}

/// Releases keys that the transaction has claimed. One by one, because few are released. A join
/// could read the whole table, with a plan that was made while the table was empty.
pub(super) async fn release(
    connection: &AsyncPgConnection,
    keys: impl Iterator<Item = &RecordKey>,
) -> QueryResult<()> {
    let released = keys.map(async |key| {
        let key = (key.shop_id, &key.idempotency_key, &key.operation);
        diesel::delete(idempotency_records::table.find(key)).execute(&mut &*connection).await
    });
    try_join_all(released).await?;
    Ok(())
}

type Texts<'a> = Column<Text, &'a String>;

/// Keys as rows: shop, operation, key.
fn rows_of<'a>(keys: impl Iterator<Item = &'a RecordKey> + Clone) -> Rows<(Texts<'a>, Texts<'a>)> {
    Rows {
        shops: keys.clone().map(|key| key.shop_id).collect(),
        columns: (
            column::<Text, _>(keys.clone().map(|key| &key.operation)),
            column::<Text, _>(keys.map(|key| &key.idempotency_key)),
        ),
    }
}

/// Returns the keys that other transactions hold, after one of `keys` could not be claimed in time.
/// Returns none if the claim failed for another reason. The driver withholds the error code. So
/// this claims a key that nobody holds. If that succeeds, server, disk and table work, and a lock
/// was the reason.
pub(super) async fn held(
    keys: &BTreeSet<RecordKey>,
    cause: &Error,
    connection: &mut AsyncPgConnection,
) -> BTreeSet<RecordKey> {
    let mut held = BTreeSet::new();
    let Some(first) = keys.first() else { return held };
    if !matches!(cause, Error::DatabaseError(DatabaseErrorKind::Unknown, _))
        || !can_claim_another(first.shop_id, connection).await
    {
        return held;
    }
    for key in keys {
        // A single key must be the key that timed out.
        if keys.len() == 1 || !is_free(key, connection).await {
            held.insert(key.clone());
        }
    }
    held
}

/// Whether a key of the shop that no caller uses can be claimed.
async fn can_claim_another(shop: i64, connection: &mut AsyncPgConnection) -> bool {
    let claimed = connection
        .transaction(async |connection| {
            diesel::insert_into(idempotency_records::table)
                .values((
                    idempotency_records::shop_id.eq(shop),
                    idempotency_records::operation.eq(""),
                    // Keys of callers have no control characters, and no other session has
                    // this number.
                    idempotency_records::idempotency_key.eq(sql::<Text>("chr(1) || pg_backend_pid()")),
                    idempotency_records::fingerprint.eq([].as_slice()),
                    idempotency_records::receipt.eq([].as_slice()),
                    idempotency_records::created_at.eq(sql("now()")),
                ))
                .execute(connection)
                .await?;
            Err::<(), _>(Error::RollbackTransaction)
        })
        .await;
    claimed == Err(Error::RollbackTransaction)
}

/// Whether a key can be claimed, or has a record, after a short wait.
async fn is_free(key: &RecordKey, connection: &mut AsyncPgConnection) -> bool {
    let claimed = connection
        .transaction(async |connection| {
            connection.batch_execute("SET LOCAL lock_timeout = '50ms'").await?;
            claim_keys(connection, &BTreeSet::from([key.clone()])).await?;
            Err::<(), _>(Failure::from(Error::RollbackTransaction))
        })
        .await;
    !matches!(claimed, Err(Failure::NotClaimed { .. }))
}
