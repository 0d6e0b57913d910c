use hexdesk_domain::ports::{DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{
    AuditStamp, Comment, EventKind, ShopId, StorageError, Subject, Ticket, TicketChanges, TicketId, Timestamp,
};

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
        let Some(stored) = self.tickets.get(&(shop, id)) else {
            return Ok(UpdateTicketOutcome::TicketNotFound);
        };
        if expected_version.is_some_and(|expected| expected != stored.ticket.version) {
            return Ok(UpdateTicketOutcome::VersionMismatch);
        }
        if changes.assigned_to.flatten().is_some_and(|user| !self.is_active_user(shop, user)) {
            return Ok(UpdateTicketOutcome::AssigneeNotFound);
        }
        if !changes.is_empty() {
            self.change_ticket(shop, id, changes, stamp.time)?;
            self.append_events(shop, stamp, [(EventKind::TicketUpdated, Subject::Ticket(id))]);
        }
        let view = self.find_ticket(shop, id);
        let view = view.ok_or_else(|| unexpected("update_ticket", "the ticket's customer is not there"))?;
        Ok(UpdateTicketOutcome::Updated(Box::new(view)))
    }

    fn change_ticket(
        &mut self,
        shop: ShopId,
        id: TicketId,
        changes: TicketChanges,
        changed_at: Timestamp,
    ) -> Result<(), StorageError> {
        let Some(mut stored) = self.tickets.get(&(shop, id)).cloned() else { return Ok(()) };
        let existing = stored.human_ticket.and_then(|number| self.human_tickets.get_mut(&(shop, number)));
        match (changes.is_opened, existing) {
            (Some(true), None) => stored.human_ticket = Some(self.open_human_ticket(shop, changed_at)?),
            (Some(true), Some(closed)) if closed.closed_at.is_some() => {
                closed.opened_at = changed_at;
                closed.closed_at = None;
            }
            (Some(false), Some(open)) if open.closed_at.is_none() => open.closed_at = Some(changed_at),
            // As it is to be, or not spoken of.
            _ => {}
        }
        stored.ticket = changed(stored.ticket, changes);
        self.tickets.insert((shop, id), stored);
        Ok(())
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

/// What becomes of a ticket by changes that say something.
pub(crate) fn changed(ticket: Ticket, changes: TicketChanges) -> Ticket {
    let TicketChanges { assigned_to, name, tags, contact_reason, language_code, is_opened, unread_count } =
        changes;
    Ticket {
        assigned_to: assigned_to.unwrap_or(ticket.assigned_to),
        name: name.unwrap_or(ticket.name),
        tags: tags.unwrap_or(ticket.tags),
        contact_reason: contact_reason.unwrap_or(ticket.contact_reason),
        language_code: language_code.unwrap_or(ticket.language_code),
        is_opened: is_opened.unwrap_or(ticket.is_opened),
        unread_count: unread_count.unwrap_or(ticket.unread_count),
        version: ticket.version + 1,
        ..ticket
    }
}
