//! Idempotent operations: a retry with the same key returns the outcome of the first request.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{DeferredClaim, IdempotencyRequest, IdempotentOutcome, Receipt, ShopId, Timestamp};

use crate::sql::idempotency::{IdempotencyRow, RecordedAnswer};
use crate::sql::schema::idempotency_records;

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
    if let Some(recorded) = recorded_answer(connection, shop, request)? {
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
) -> QueryResult<Option<RecordedAnswer>> {
    idempotency_records::table
        .find((shop.get(), request.key.as_str(), &request.operation))
        .select(RecordedAnswer::as_select())
        .get_result(connection)
        .optional()
}
