//! Idempotent operations: a retry with the same key returns the outcome of the first request.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{DeferredClaim, IdempotencyRequest, IdempotentOutcome, Receipt, ShopId, Timestamp};

use crate::sql::idempotency::{IdempotencyRow, RecordedAnswer};
use crate::sql::schema::{erasures, idempotency_records, merged_customers};

/// Runs an operation of the shop in the open transaction, unless an earlier request has recorded an
/// outcome for the claim. An operation must refuse before its first write. Its writes are kept,
/// with or without a record.
pub(super) fn attempt<T>(
    connection: &mut SqliteConnection,
    shop: ShopId,
    claim: Option<&DeferredClaim<T>>,
    operation: impl FnOnce(&mut SqliteConnection) -> anyhow::Result<T>,
) -> anyhow::Result<IdempotentOutcome<T>> {
    match claim {
        Some(DeferredClaim { request, requested_at, receipt }) => {
            attempt_claimed(connection, shop, request, *requested_at, |outcome| receipt(outcome), operation)
        }
        None => operation(connection).map(IdempotentOutcome::Ran),
    }
}

/// Runs [`attempt`] with the parts of a claim. The outcome is never `InProgress`: only one
/// transaction writes at a time, and it sees all earlier writes.
pub(super) fn attempt_claimed<T>(
    connection: &mut SqliteConnection,
    shop: ShopId,
    request: &IdempotencyRequest,
    requested_at: Timestamp,
    receipt: impl FnOnce(&T) -> Option<Receipt>,
    operation: impl FnOnce(&mut SqliteConnection) -> anyhow::Result<T>,
) -> anyhow::Result<IdempotentOutcome<T>> {
    if let Some((recorded, customer)) = recorded_answer(connection, shop, request)?
        && !is_erased(connection, shop, request, customer)?
    {
        return Ok(if recorded.fingerprint == request.fingerprint.0 {
            IdempotentOutcome::Replayed(recorded.receipt)
        } else {
            IdempotentOutcome::KeyReused
        });
    }
    let outcome = operation(connection)?;
    if let Some(receipt) = receipt(&outcome) {
        diesel::insert_into(idempotency_records::table)
            .values(IdempotencyRow::new(shop, request, receipt, requested_at))
            .execute(connection)?;
    }
    Ok(IdempotentOutcome::Ran(outcome))
}

fn recorded_answer(
    connection: &mut SqliteConnection,
    shop: ShopId,
    request: &IdempotencyRequest,
) -> QueryResult<Option<(RecordedAnswer, Option<i64>)>> {
    idempotency_records::table
        .find((shop.get(), request.key.as_str(), &request.operation))
        .select((RecordedAnswer::as_select(), idempotency_records::customer_id))
        .get_result(connection)
        .optional()
}

/// Whether the record of this request names a customer who is being erased, or was merged into one. If it does, this
/// removes the record, so that another one can be stored.
fn is_erased(
    connection: &mut SqliteConnection,
    shop: ShopId,
    request: &IdempotencyRequest,
    customer: Option<i64>,
) -> QueryResult<bool> {
    let Some(customer) = customer else { return Ok(false) };
    let into = merged_customers::table
        .find((shop.get(), customer))
        .select(merged_customers::into_id)
        .get_result(connection)
        .optional()?;
    let is_erased = diesel::update(erasures::table.find((shop.get(), into.unwrap_or(customer))))
        .set(erasures::idempotency_records.eq(erasures::idempotency_records + 1))
        .execute(connection)?
        > 0;
    if is_erased {
        let record = (shop.get(), request.key.as_str(), &request.operation);
        diesel::delete(idempotency_records::table.find(record)).execute(connection)?;
    }
    Ok(is_erased)
}
