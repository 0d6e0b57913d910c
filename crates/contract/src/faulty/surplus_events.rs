//! Events of nothing that happened.

use hexdesk_domain::ports::{
    CommentCreation, CreateCommentOutcome, CreateTicketOutcome, DeleteTicketOutcome, TicketCreation,
};
use hexdesk_domain::{AuditStamp, EventKind, IdempotentOutcome, ShopId, StorageError, Subject, TicketId};

use super::{Fault, FaultyStorage};

impl FaultyStorage {
    /// Appends an event, if that is the fault.
    pub(super) fn log_anyway(
        &self,
        fault: Fault,
        shop: ShopId,
        stamp: AuditStamp,
        event: (EventKind, Subject),
    ) {
        if self.fault == fault {
            self.inner.state().append_events(shop, stamp, [event]);
        }
    }

    pub(super) fn create_tickets_and_log(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        let outcomes = self.inner.state().create_tickets(batch.clone());
        for (index, item) in batch.iter().enumerate() {
            let fault = match outcomes.as_ref().map(|outcomes| outcomes.get(index)) {
                Err(_) => Fault::FailedBatchLogged,
                Ok(Some(CreateTicketOutcome::Replayed(_) | CreateTicketOutcome::KeyReused)) => {
                    Fault::ReplayedTicketLogged
                }
                Ok(Some(CreateTicketOutcome::CustomerNotFound | CreateTicketOutcome::AssigneeNotFound)) => {
                    Fault::RefusedTicketLogged
                }
                Ok(_) => continue,
            };
            let event = (EventKind::TicketCreated, Subject::Ticket(item.ticket.id));
            self.log_anyway(fault, item.ticket.shop_id, item.stamp, event);
        }
        outcomes
    }

    pub(super) fn create_comments_and_log(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        let attempts = self.inner.state().create_comments(batch.clone())?;
        for (item, attempt) in batch.iter().zip(&attempts) {
            if !matches!(attempt, IdempotentOutcome::Ran(CreateCommentOutcome::Created(_))) {
                let event = (EventKind::CommentCreated, Subject::Comment(item.comment.id));
                self.log_anyway(Fault::NoCommentLogged, item.comment.shop_id, item.stamp, event);
            }
        }
        Ok(attempts)
    }

    pub(super) fn log_deletion(
        &self,
        shop: ShopId,
        id: TicketId,
        stamp: AuditStamp,
        outcome: DeleteTicketOutcome,
    ) {
        if outcome != DeleteTicketOutcome::Deleted {
            let event = (EventKind::TicketDeleted, Subject::Ticket(id));
            self.log_anyway(Fault::RefusedDeletionLogged, shop, stamp, event);
        }
    }
}
