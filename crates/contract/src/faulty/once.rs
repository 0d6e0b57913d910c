use std::sync::Arc;

use hexdesk_domain::ports::{CreateCommentOutcome, CreateCustomerOutcome};
use hexdesk_domain::{Fingerprint, Once, Receipt};

use super::{Fault, FaultyStorage};

fn empty_receipt() -> Receipt {
    Receipt { answer: Vec::new(), customer_id: None }
}

impl FaultyStorage {
    pub(super) fn changed_for_comments(
        &self,
        once: Option<Once<CreateCommentOutcome>>,
    ) -> Option<Once<CreateCommentOutcome>> {
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
        once: Option<Once<CreateCustomerOutcome>>,
    ) -> Option<Once<CreateCustomerOutcome>> {
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
}
