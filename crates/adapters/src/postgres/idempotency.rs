//! Operations that take effect once, however often they are asked for.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use hexdesk_domain::{DeferredClaim, IdempotencyRequest, IdempotentOutcome, ShopId};

use super::connection::Work;
use super::errors::Failure;
use super::record_key::RecordKey;
use super::unnest::{Change, Column, Lookup, Rows, column};
use crate::sql::idempotency::{IdempotencyRow, RecordedAnswer};
use crate::sql::schema::idempotency_records;
use crate::sql::types::Instant;

/// How often to claim keys anew of which a record goes away before it is read.
const ATTEMPTS: usize = 3;

/// Runs an operation of the shop in a transaction of its own, unless it was to take effect
/// once and was asked for before.
pub(super) async fn attempt<T, F>(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    once: Option<&DeferredClaim<T>>,
    operation: F,
) -> Result<IdempotentOutcome<T>, Failure>
where
    T: Send + 'static,
    F: AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, Failure>
        + for<'c> Work<&'c mut AsyncPgConnection, Result<T, Failure>, Future: Send>
        + Send,
{
    let Some(once) = once else {
        return connection.transaction(operation).await.map(IdempotentOutcome::Ran);
    };
    let attempted = connection
        .transaction(async |connection| {
            let DeferredClaim { request, requested_at, receipt } = once;
            let keys = BTreeSet::from([RecordKey::new(shop, request)]);
            if let Some(recorded) = claim(connection, &keys).await?.into_values().next() {
                return Ok(answer(&recorded, request));
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

/// Claims keys for the transaction, which must [`complete`] their records or [`release`] them,
/// but for those that it answers with what was recorded for them. Waits for others that have
/// claimed one.
pub(super) async fn claim(
    connection: &mut AsyncPgConnection,
    keys: &BTreeSet<RecordKey>,
) -> Result<HashMap<RecordKey, RecordedAnswer>, Failure> {
    let mut claimed = 0;
    for _ in 0..ATTEMPTS {
        // Nobody sees these records before the transaction ends.
        let claims = Change {
            before: "INSERT INTO idempotency_records
                (shop_id, operation, idempotency_key, fingerprint, receipt, created_at)
                SELECT shop_id, operation, idempotency_key, '', '', now() FROM ",
            rows: rows_of(keys.iter()),
            after: " WITH ORDINALITY AS wanted (shop_id, operation, idempotency_key, place)
                ORDER BY place ON CONFLICT DO NOTHING",
        };
        claimed += claims
            .run(connection)
            .await
            .map_err(|cause| Failure::NotClaimed { keys: keys.clone(), cause })?;
        if claimed == keys.len() {
            return Ok(HashMap::new());
        }
        // A new statement, which sees what was committed meanwhile. What is only claimed, by the
        // transaction itself, has no fingerprint.
        let recorded = Lookup {
            selection: <(RecordKey, RecordedAnswer)>::as_select(),
            from: " FROM ",
            rows: rows_of(keys.iter()),
            after: " AS wanted (shop_id, operation, idempotency_key)
                CROSS JOIN LATERAL (
                    SELECT * FROM idempotency_records
                    WHERE shop_id = wanted.shop_id AND operation = wanted.operation
                        AND idempotency_key = wanted.idempotency_key AND fingerprint <> '' LIMIT 1
                ) AS idempotency_records",
        };
        let recorded: Vec<(RecordKey, RecordedAnswer)> = recorded.load(connection).await?;
        if claimed + recorded.len() == keys.len() {
            return Ok(recorded.into_iter().collect());
        }
    }
    Err(Failure::Unexpected("a record is in the way and is not there"))
}

/// What a request is answered whose key has been used.
pub(super) fn answer<T>(recorded: &RecordedAnswer, request: &IdempotencyRequest) -> IdempotentOutcome<T> {
    if recorded.fingerprint == request.fingerprint.0 {
        IdempotentOutcome::Replayed(recorded.receipt.clone())
    } else {
        IdempotentOutcome::KeyReused
    }
}

/// Writes down the records whose keys the transaction has claimed.
pub(super) async fn complete(connection: &AsyncPgConnection, records: &[IdempotencyRow]) -> QueryResult<()> {
    let change = Change {
        before: "INSERT INTO idempotency_records
            (shop_id, operation, idempotency_key, fingerprint, receipt, customer_id, created_at)
            SELECT * FROM ",
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
        after: " ON CONFLICT (shop_id, idempotency_key, operation) DO UPDATE
            SET fingerprint = EXCLUDED.fingerprint, receipt = EXCLUDED.receipt,
                customer_id = EXCLUDED.customer_id, created_at = EXCLUDED.created_at",
    };
    change.run(connection).await?;
    Ok(())
}

/// Gives up keys that the transaction has claimed.
pub(super) async fn release(
    connection: &AsyncPgConnection,
    keys: impl Iterator<Item = &RecordKey> + Clone,
) -> QueryResult<()> {
    let change = Change {
        before: "DELETE FROM idempotency_records WHERE ctid = ANY (ARRAY(SELECT claim.ctid FROM ",
        rows: rows_of(keys),
        after: " AS unused (shop_id, operation, idempotency_key)
            CROSS JOIN LATERAL (
                SELECT ctid FROM idempotency_records
                WHERE shop_id = unused.shop_id AND operation = unused.operation
                    AND idempotency_key = unused.idempotency_key LIMIT 1
            ) AS claim))",
    };
    change.run(connection).await?;
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

/// Those of the keys that other transactions hold, after one of them could not be claimed
/// because another transaction holds it and has not ended in time; none if that was not why. The
/// driver withholds the code that says so; that a key which nobody holds can be claimed says
/// the same: it is not the server, the disk or the table.
pub(super) async fn held(
    keys: &BTreeSet<RecordKey>,
    cause: &Error,
    connection: &mut AsyncPgConnection,
) -> BTreeSet<RecordKey> {
    let mut held = BTreeSet::new();
    if !matches!(cause, Error::DatabaseError(DatabaseErrorKind::Unknown, _))
        || !can_claim_another(connection).await
    {
        return held;
    }
    for key in keys {
        // It has been waited for in vain already if it is the only one.
        if keys.len() == 1 || !is_free(key, connection).await {
            held.insert(key.clone());
        }
    }
    held
}

/// Whether a key can be claimed that no caller has.
async fn can_claim_another(connection: &mut AsyncPgConnection) -> bool {
    let claimed = connection
        .transaction(async |connection| {
            diesel::insert_into(idempotency_records::table)
                .values((
                    idempotency_records::shop_id.eq(0),
                    idempotency_records::operation.eq(""),
                    // No caller's key holds a control character, and no other session has
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

/// Whether a key can be claimed, or has a record, without much of a wait.
async fn is_free(key: &RecordKey, connection: &mut AsyncPgConnection) -> bool {
    let claimed = connection
        .transaction(async |connection| {
            connection.batch_execute("SET LOCAL lock_timeout = '50ms'").await?;
            claim(connection, &BTreeSet::from([key.clone()])).await?;
            Err::<(), _>(Failure::from(Error::RollbackTransaction))
        })
        .await;
    !matches!(claimed, Err(Failure::NotClaimed { .. }))
}
