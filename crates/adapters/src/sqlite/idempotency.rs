//! Operations that take effect once, however often they are asked for.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{DeferredClaim, IdempotencyRequest, IdempotentOutcome, Receipt, ShopId, Timestamp};

use crate::sql::idempotency::{IdempotencyRow, RecordedAnswer};
use crate::sql::schema::idempotency_records;

/// Runs an operation of the shop, in the transaction that is open, unless it was asked
/// for before; without a wish that it take effect once, it just runs. An operation
/// refuses before its first write: what it wrote stays, with or without a record.
pub(super) fn attempt<T>(
    connection: &mut SqliteConnection,
    shop: ShopId,
    once: Option<&DeferredClaim<T>>,
    operation: impl FnOnce(&mut SqliteConnection) -> anyhow::Result<T>,
) -> anyhow::Result<IdempotentOutcome<T>> {
    match once {
        Some(DeferredClaim { request, requested_at, receipt }) => {
            attempt_once(connection, shop, request, *requested_at, |outcome| receipt(outcome), operation)
        }
        None => operation(connection).map(IdempotentOutcome::Ran),
    }
}

/// [`attempt`] with a wish in parts. Only one transaction writes at a time, and what an
/// earlier one wrote is seen: there is no first use that has not ended yet.
pub(super) fn attempt_once<T>(
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
