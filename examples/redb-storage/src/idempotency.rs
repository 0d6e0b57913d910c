//! Operations that take effect once, however often they are requested.

use anyhow::ensure;
use hexdesk_domain::{
    Comment, CustomerId, DeferredClaim, IdempotencyRecord, IdempotencyRequest, IdempotentOutcome, Receipt,
    ShopId,
};
use redb::{ReadableTable, Table};

use crate::tables::{Record, RecordKey, rows_of};

/// Runs an operation of the shop in the write transaction of these records, unless its key has
/// a record. Without a claim the operation always runs.
///
/// An operation must refuse before its first write: its transaction commits even after a
/// refusal.
pub(crate) fn run<T>(
    records: &mut Table<'_, RecordKey, Record>,
    shop: ShopId,
    claim: Option<DeferredClaim<T>>,
    operation: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<IdempotentOutcome<T>> {
    run_with_records(records, shop, claim, |_| operation())
}

/// [`run`] for an operation that itself writes records.
pub(crate) fn run_with_records<T>(
    records: &mut Table<'_, RecordKey, Record>,
    shop: ShopId,
    claim: Option<DeferredClaim<T>>,
    operation: impl FnOnce(&mut Table<'_, RecordKey, Record>) -> anyhow::Result<T>,
) -> anyhow::Result<IdempotentOutcome<T>> {
    let Some(DeferredClaim { request, requested_at, receipt }) = claim else {
        return Ok(IdempotentOutcome::Ran(operation(records)?));
    };
    if let Some(earlier) = earlier_use(records, shop, &request)? {
        return Ok(earlier);
    }
    let outcome = operation(records)?;
    // An outcome without a receipt leaves no record: its key stays free.
    if let Some(receipt) = receipt(&outcome) {
        let IdempotencyRequest { operation, key, fingerprint } = request;
        add(records, shop, &IdempotencyRecord { operation, key, fingerprint, receipt, requested_at })?;
    }
    Ok(IdempotentOutcome::Ran(outcome))
}

/// Adds a record. Its operation and key must be free.
pub(crate) fn add(
    records: &mut Table<'_, RecordKey, Record>,
    shop: ShopId,
    record: &IdempotencyRecord,
) -> anyhow::Result<()> {
    let IdempotencyRecord { operation, key, fingerprint, receipt, requested_at } = record;
    let customer = receipt.customer_id.map(CustomerId::get);
    let value = (&fingerprint.0, requested_at.unix_millis(), customer, receipt.response.as_slice());
    let is_new = records.insert((shop.get(), key.as_str(), operation.as_str()), value)?.is_none();
    ensure!(is_new, "the shop {shop} has a record of this operation and key already");
    Ok(())
}

/// Returns the outcome if the key was used before. No key is in progress: write transactions run
/// one after another, so each sees the records of all earlier ones.
fn earlier_use<T>(
    records: &impl ReadableTable<RecordKey, Record>,
    shop: ShopId,
    request: &IdempotencyRequest,
) -> anyhow::Result<Option<IdempotentOutcome<T>>> {
    let key = (shop.get(), request.key.as_str(), request.operation.as_str());
    let Some(record) = records.get(key)? else { return Ok(None) };
    let (fingerprint, _requested_at, _customer, response) = record.value();
    Ok(Some(if *fingerprint == request.fingerprint.0 {
        IdempotentOutcome::Replayed(response.to_vec())
    } else {
        IdempotentOutcome::KeyReused
    }))
}

/// Removes the shop's records with a receipt that holds data of these customers. Returns the number
/// of removed records.
pub(crate) fn erase_all_of(
    records: &mut Table<'_, RecordKey, Record>,
    shop: ShopId,
    customers: &[CustomerId],
) -> anyhow::Result<u64> {
    let mut erased = 0;
    records.retain_in(
        rows_of::<RecordKey>(shop),
        |_, (_fingerprint, _requested_at, of_customer, _response)| {
            let goes = customers.iter().any(|customer| of_customer == Some(customer.get()));
            erased += u64::from(goes);
            !goes
        },
    )?;
    Ok(erased)
}

/// Empties the responses of the customer that hold the text of a comment (COMMENT-19). Reads every
/// record of the shop.
pub(crate) fn remove_text(
    records: &mut Table<'_, RecordKey, Record>,
    comment: &Comment,
) -> anyhow::Result<()> {
    let mut holding = Vec::new();
    for entry in records.range(rows_of::<RecordKey>(comment.shop_id))? {
        let (key, record) = entry?;
        let (fingerprint, requested_at, customer, response) = record.value();
        let customer = customer.and_then(CustomerId::new);
        let receipt = Receipt { response: response.to_vec(), customer_id: customer };
        if customer == Some(comment.customer_id) && receipt.holds(&comment.text) {
            let (_, key, operation) = key.value();
            holding.push((key.to_owned(), operation.to_owned(), *fingerprint, requested_at));
        }
    }
    for (key, operation, fingerprint, requested_at) in holding {
        let empty = (&fingerprint, requested_at, Some(comment.customer_id.get()), &b""[..]);
        records.insert((comment.shop_id.get(), key.as_str(), operation.as_str()), empty)?;
    }
    Ok(())
}
