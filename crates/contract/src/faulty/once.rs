use std::sync::Arc;

use hexdesk_domain::ports::{CreateCommentOutcome, CreateCustomerOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{DeferredClaim, Fingerprint, IdempotentOutcome, Receipt, ShopId, StorageError};

use super::{Fault, FaultyStorage, gap};
use crate::memory::State;

fn empty_receipt() -> Receipt {
    Receipt { answer: Vec::new(), customer_id: None }
}

impl FaultyStorage {
    pub(super) fn changed_for_comments(
        &self,
        once: Option<DeferredClaim<CreateCommentOutcome>>,
    ) -> Option<DeferredClaim<CreateCommentOutcome>> {
        let mut once = once?;
        let receipt = Arc::clone(&once.receipt);
        match self.fault {
            Fault::RefusedCommentRecorded => {
                once.receipt = Arc::new(move |outcome| receipt(outcome).or_else(|| Some(empty_receipt())));
            }
            Fault::CommentReceiptCut => {
                once.receipt = Arc::new(move |outcome| {
                    let mut receipt = receipt(outcome)?;
                    let end = receipt.answer.iter().position(|byte| *byte == 0);
                    receipt.answer.truncate(end.unwrap_or(usize::MAX));
                    Some(receipt)
                });
            }
            Fault::CommentFingerprintIgnored => once.request.fingerprint = Fingerprint([0; 32]),
            Fault::CommentKeysApart => once.request.operation += " of comments",
            _ => {}
        }
        Some(once)
    }

    pub(super) fn changed_for_customers(
        &self,
        once: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> Option<DeferredClaim<CreateCustomerOutcome>> {
        let mut once = once?;
        let receipt = Arc::clone(&once.receipt);
        let is_existing =
            |outcome: &CreateCustomerOutcome| matches!(outcome, CreateCustomerOutcome::Existing(_));
        match self.fault {
            Fault::ExistingRecorded => {
                once.receipt = Arc::new(move |outcome| {
                    receipt(outcome).or_else(|| is_existing(outcome).then(empty_receipt))
                });
            }
            Fault::ExistingNeverRecorded => {
                once.receipt = Arc::new(move |outcome| receipt(outcome).filter(|_| !is_existing(outcome)));
            }
            Fault::CustomerFingerprintIgnored => once.request.fingerprint = Fingerprint([0; 32]),
            Fault::CustomerKeysApart => once.request.operation += " of customers",
            _ => {}
        }
        Some(once)
    }

    pub(super) fn changed_for_updates(
        &self,
        update: &TicketUpdate,
        once: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> Option<DeferredClaim<UpdateTicketOutcome>> {
        let mut once = once?;
        let receipt = Arc::clone(&once.receipt);
        match self.fault {
            Fault::RefusedUpdateRecorded => {
                once.receipt = Arc::new(move |outcome| receipt(outcome).or_else(|| Some(empty_receipt())));
            }
            Fault::EmptyUpdateNotRecorded if update.changes.is_empty() => {
                once.receipt = Arc::new(|_| None);
            }
            Fault::UpdateFingerprintIgnored => once.request.fingerprint = Fingerprint([0; 32]),
            Fault::UpdateKeysApart => once.request.operation += " of updates",
            _ => {}
        }
        Some(once)
    }

    /// Runs the operation, of whose records only those are seen that were there before the
    /// gap.
    pub(super) async fn racing_keys<T>(
        &self,
        shop: ShopId,
        once: Option<DeferredClaim<T>>,
        operation: impl FnOnce(&mut State) -> Result<T, StorageError>,
    ) -> Result<IdempotentOutcome<T>, StorageError> {
        let before = self.inner.state().idempotency_records.clone();
        gap().await;
        let mut state = self.inner.state();
        let hidden = std::mem::replace(&mut state.idempotency_records, before);
        let attempt = state.attempt(shop, once, operation);
        state.idempotency_records.extend(hidden);
        attempt
    }
}

/// With a receipt of every outcome.
pub(super) fn recording_all<T: 'static>(once: Option<DeferredClaim<T>>) -> Option<DeferredClaim<T>> {
    let DeferredClaim { request, requested_at, receipt } = once?;
    let receipt = Arc::new(move |outcome: &T| receipt(outcome).or_else(|| Some(empty_receipt())));
    Some(DeferredClaim { request, requested_at, receipt })
}

/// With a request that is the same whatever was sent.
pub(super) fn without_fingerprint<T>(once: Option<DeferredClaim<T>>) -> Option<DeferredClaim<T>> {
    let mut once = once?;
    once.request.fingerprint = Fingerprint([0; 32]);
    Some(once)
}

/// With a key that no other kind of operation sees.
pub(super) fn kept_apart<T>(once: Option<DeferredClaim<T>>) -> Option<DeferredClaim<T>> {
    let mut once = once?;
    once.request.operation += " apart";
    Some(once)
}
