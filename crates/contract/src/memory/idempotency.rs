use hexdesk_domain::{
    DeferredClaim, Fingerprint, IdempotencyKey, IdempotencyRequest, IdempotentOutcome, Receipt, ShopId,
    StorageError, Timestamp,
};

use super::State;

/// Shop, operation and the caller's key. All operations share this space.
pub(crate) type RecordKey = (ShopId, String, IdempotencyKey);

/// The first use of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyRecord {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) receipt: Receipt,
    pub(crate) requested_at: Timestamp,
}

/// How a request relates to the record of its key.
pub(crate) enum Recorded {
    Same(Vec<u8>),
    Other,
}

pub(crate) fn record_key(shop: ShopId, request: &IdempotencyRequest) -> RecordKey {
    (shop, request.operation.clone(), request.key.clone())
}

impl State {
    pub(crate) fn recorded(&self, shop: ShopId, request: &IdempotencyRequest) -> Option<Recorded> {
        let record = self.idempotency_records.get(&record_key(shop, request))?;
        Some(if record.fingerprint == request.fingerprint {
            Recorded::Same(record.receipt.response.clone())
        } else {
            Recorded::Other
        })
    }

    pub(crate) fn record(
        &mut self,
        shop: ShopId,
        request: &IdempotencyRequest,
        requested_at: Timestamp,
        receipt: Receipt,
    ) {
        let record = IdempotencyRecord { fingerprint: request.fingerprint, receipt, requested_at };
        self.idempotency_records.insert(record_key(shop, request), record);
    }

    /// Runs the operation, unless its idempotency key was used before.
    pub(crate) fn attempt<T>(
        &mut self,
        shop: ShopId,
        claim: Option<DeferredClaim<T>>,
        operation: impl FnOnce(&mut Self) -> Result<T, StorageError>,
    ) -> Result<IdempotentOutcome<T>, StorageError> {
        match claim.as_ref().and_then(|claim| self.recorded(shop, &claim.request)) {
            Some(Recorded::Same(answer)) => return Ok(IdempotentOutcome::Replayed(answer)),
            Some(Recorded::Other) => return Ok(IdempotentOutcome::KeyReused),
            None => {}
        }
        let outcome = operation(self)?;
        if let Some(claim) = claim
            && let Some(receipt) = (claim.receipt)(&outcome)
        {
            self.record(shop, &claim.request, claim.requested_at, receipt);
        }
        Ok(IdempotentOutcome::Ran(outcome))
    }
}
