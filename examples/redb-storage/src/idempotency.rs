//! Operations that take effect once, however often they are requested.

use hexdesk_domain::{
    Comment, CustomerId, DeferredClaim, IdempotencyRequest, IdempotentOutcome, Receipt, ShopId,
};
use redb::{ReadableTable, Table};

use crate::tables::{Record, RecordKey};

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
        let customer = receipt.customer_id.map(CustomerId::get);
        let record =
            (&request.fingerprint.0, requested_at.unix_millis(), customer, receipt.response.as_slice());
        records.insert(key(shop, &request), record)?;
    }
    Ok(IdempotentOutcome::Ran(outcome))
}

/// Returns the outcome if the key was used before. No key is in progress: write transactions run
/// one after another, so each sees the records of all earlier ones.
fn earlier_use<T>(
    records: &impl ReadableTable<RecordKey, Record>,
    shop: ShopId,
    request: &IdempotencyRequest,
) -> anyhow::Result<Option<IdempotentOutcome<T>>> {
    let Some(record) = records.get(key(shop, request))? else { return Ok(None) };
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
    let all_of_shop = (shop.get(), "", "")..(shop.get() + 1, "", "");
    let mut erased = 0;
    records.retain_in(all_of_shop, |_, (_fingerprint, _requested_at, of_customer, _response)| {
        let goes = customers.iter().any(|customer| of_customer == Some(customer.get()));
        erased += u64::from(goes);
        !goes
    })?;
    Ok(erased)
}

/// Empties the responses of the customer that hold the text of a comment (COMMENT-19). Reads every
/// record of the shop.
pub(crate) fn remove_text(
    records: &mut Table<'_, RecordKey, Record>,
    comment: &Comment,
) -> anyhow::Result<()> {
    let shop = comment.shop_id.get();
    let mut holding = Vec::new();
    for entry in records.range((shop, "", "")..(shop + 1, "", ""))? {
        let (key, record) = entry?;
        let (fingerprint, requested_at, customer, response) = record.value();
        let customer = customer.and_then(CustomerId::new);
        let receipt = Receipt { response: response.to_vec(), customer_id: customer };
        if customer == Some(comment.customer_id) && receipt.holds(&comment.text) {
            let (_, operation, key) = key.value();
            holding.push((operation.to_owned(), key.to_owned(), *fingerprint, requested_at));
        }
    }
    for (operation, key, fingerprint, requested_at) in holding {
        let empty = (&fingerprint, requested_at, Some(comment.customer_id.get()), &b""[..]);
        records.insert((shop, operation.as_str(), key.as_str()), empty)?;
    }
    Ok(())
}

fn key(shop: ShopId, request: &IdempotencyRequest) -> (i64, &str, &str) {
    (shop.get(), request.operation.as_str(), request.key.as_str())
}
