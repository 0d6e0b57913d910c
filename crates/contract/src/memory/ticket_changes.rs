use hexdesk_domain::ports::{DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{AuditStamp, Comment, EventKind, ShopId, StorageError, Subject, TicketId};

use super::events::comment_deleted;
use super::{State, unexpected};

impl State {
    pub(crate) fn update_ticket(
        &mut self,
        shop: ShopId,
        id: TicketId,
        update: TicketUpdate,
    ) -> Result<UpdateTicketOutcome, StorageError> {
        let TicketUpdate { changes, expected_version, stamp } = update;
        let Some(mut stored) = self.tickets.get(&(shop, id)).cloned() else {
            return Ok(UpdateTicketOutcome::TicketNotFound);
        };
        if expected_version.is_some_and(|expected| expected != stored.ticket.version) {
            return Ok(UpdateTicketOutcome::VersionMismatch);
        }
        let (not_found, deactivated) =
            (UpdateTicketOutcome::AssigneeNotFound, UpdateTicketOutcome::AssigneeDeactivated);
        let assignee = changes.new_assignee(&stored.ticket);
        if let Some(refusal) = self.refused_assignee(shop, assignee, not_found, deactivated) {
            return Ok(refusal);
        }
        let before = stored.ticket.clone();
        changes.apply(&mut stored.ticket);
        if stored.ticket != before {
            let is_open = stored.ticket.is_opened;
            stored.human_ticket = self.set_human_ticket(shop, stored.human_ticket, is_open, stamp.time)?;
            self.tickets.insert((shop, id), stored);
            self.append_events(shop, stamp, [(EventKind::TicketUpdated, Subject::Ticket(id))]);
        }
        let view = self.find_ticket(shop, id);
        let view = view.ok_or_else(|| unexpected("update_ticket", "the ticket's customer is missing"))?;
        Ok(UpdateTicketOutcome::Updated(Box::new(view)))
    }

    pub(crate) fn delete_ticket(
        &mut self,
        shop: ShopId,
        id: TicketId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> DeleteTicketOutcome {
        let Some(stored) = self.tickets.get(&(shop, id)) else {
            return DeleteTicketOutcome::TicketNotFound;
        };
        if expected_version.is_some_and(|expected| expected != stored.ticket.version) {
            return DeleteTicketOutcome::VersionMismatch;
        }
        if let Some(number) = stored.human_ticket {
            self.human_tickets.remove(&(shop, number));
        }
        let mut gone = vec![(EventKind::TicketDeleted, Subject::Ticket(id))];
        let of_ticket =
            |(owner, _): &(ShopId, _), comment: &mut Comment| *owner == shop && comment.ticket_id == id;
        gone.extend(self.comments.extract_if(.., of_ticket).map(|((_, id), _)| comment_deleted(id)));
        self.tickets.remove(&(shop, id));
        self.append_events(shop, stamp, gone);
        DeleteTicketOutcome::Deleted
    }
}
