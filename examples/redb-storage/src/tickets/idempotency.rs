//! What was answered to whom, kept under the caller's key.

use hexdesk_domain::ports::CreateTicketOutcome;
use hexdesk_domain::{IdempotencyClaim, IdempotencyRequest, Receipt, ShopId, Timestamp};
use redb::{ReadableTable, Table};

use crate::tables::{Record, RecordKey};

/// What to answer if the key was used before. There is no key in progress: write
/// transactions run one after the other, so a record is there when the next one looks.
pub(super) fn answer(
    records: &impl ReadableTable<RecordKey, Record>,
    shop: ShopId,
    request: &IdempotencyRequest,
) -> anyhow::Result<Option<CreateTicketOutcome>> {
    let Some(record) = records.get(key(shop, request))? else { return Ok(None) };
    let (fingerprint, _recorded_at, receipt) = record.value();
    Ok(Some(if *fingerprint == request.fingerprint.0 {
        CreateTicketOutcome::Replayed(Receipt(receipt.to_vec()))
    } else {
        CreateTicketOutcome::KeyReused
    }))
}

pub(super) fn record(
    records: &mut Table<'_, RecordKey, Record>,
    shop: ShopId,
    claim: &IdempotencyClaim,
    recorded_at: Timestamp,
) -> anyhow::Result<()> {
    let IdempotencyClaim { request, receipt } = claim;
    let record = (&request.fingerprint.0, recorded_at.unix_millis(), receipt.0.as_slice());
    records.insert(key(shop, request), record)?;
    Ok(())
}

fn key(shop: ShopId, request: &IdempotencyRequest) -> (i64, &str, &str) {
    (shop.get(), request.operation.as_str(), request.key.as_str())
}
