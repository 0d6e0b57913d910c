use std::collections::BTreeSet;

use hexdesk_domain::ports::{DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{AuditStamp, Comment, CustomerId, EventKind, ShopId, StorageError, Subject, TicketId};

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
        let new_customer = changes.new_customer(&stored.ticket);
        if new_customer.is_some_and(|customer| !self.customers.contains_key(&(shop, customer))) {
            return Ok(UpdateTicketOutcome::CustomerNotFound);
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
            if let Some(customer) = new_customer {
                self.move_history(shop, id, customer);
            }
            self.append_events(shop, stamp, [(EventKind::TicketUpdated, Subject::Ticket(id))]);
        }
        let view = self.find_ticket(shop, id);
        let view = view.ok_or_else(|| unexpected("update_ticket", "the ticket's customer is missing"))?;
        Ok(UpdateTicketOutcome::Updated(Box::new(view)))
    }

    /// Moves the comments of a ticket and the events of all of them to this customer.
    fn move_history(&mut self, shop: ShopId, id: TicketId, customer: CustomerId) {
        let mut moved = BTreeSet::from([Subject::Ticket(id)]);
        let comments = self.comments.values_mut();
        for comment in comments.filter(|comment| comment.shop_id == shop && comment.ticket_id == id) {
            comment.customer_id = customer;
            moved.insert(Subject::Comment(comment.id));
        }
        let events = self.events.get(&shop).into_iter().flatten();
        let theirs = events.filter(|event| moved.contains(&event.subject));
        self.moved_events.extend(theirs.map(|event| ((shop, event.position), customer)));
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
