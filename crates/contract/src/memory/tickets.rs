use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateTicketOutcome, DeleteTicketOutcome, TicketCreation, TicketUpdate, UpdateTicketOutcome,
};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, EventKind, HumanTicket, HumanTicketId, IdempotentOutcome, Page, PageSize,
    ShopId, StorageError, Subject, Ticket, TicketFilter, TicketId, TicketPosition, TicketStore, TicketView,
    Timestamp,
};

use super::{MemoryStorage, State, unexpected};

/// A ticket and the number of its human ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredTicket {
    pub(crate) ticket: Ticket,
    pub(crate) human_ticket: Option<HumanTicketId>,
}

impl State {
    /// Works on a copy and keeps it only if no item fails, so a failed batch writes nothing.
    pub(crate) fn create_tickets(
        &mut self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        let mut copy = self.clone();
        let outcomes =
            batch.into_iter().map(|creation| copy.create_ticket(creation)).collect::<Result<_, _>>()?;
        *self = copy;
        Ok(outcomes)
    }

    fn create_ticket(&mut self, creation: TicketCreation) -> Result<CreateTicketOutcome, StorageError> {
        let TicketCreation { ticket, stamp, idempotency } = creation;
        let claim = idempotency.map(|claim| claim.into_deferred(stamp.time));
        let attempt = self.attempt(ticket.shop_id, claim, |state| state.add_ticket(ticket, stamp))?;
        Ok(attempt.into())
    }

    fn add_ticket(&mut self, ticket: Ticket, stamp: AuditStamp) -> Result<CreateTicketOutcome, StorageError> {
        let (shop, id) = (ticket.shop_id, ticket.id);
        if !self.customers.contains_key(&(shop, ticket.customer_id)) {
            return Ok(CreateTicketOutcome::CustomerNotFound);
        }
        let (not_found, deactivated) =
            (CreateTicketOutcome::AssigneeNotFound, CreateTicketOutcome::AssigneeDeactivated);
        if let Some(refusal) = self.refused_assignee(shop, ticket.assigned_to, not_found, deactivated) {
            return Ok(refusal);
        }
        if self.tickets.contains_key(&(shop, ticket.id)) {
            return Err(unexpected("create_tickets", "the shop already has a ticket with this id"));
        }
        let human_ticket = self.set_human_ticket(shop, None, ticket.is_opened, stamp.time)?;
        self.tickets.insert((shop, id), StoredTicket { ticket, human_ticket });
        self.append_events(shop, stamp, [(EventKind::TicketCreated, Subject::Ticket(id))]);
        Ok(CreateTicketOutcome::Created)
    }

    /// Opens or closes the human ticket of a ticket, which may have none so far. Returns its number.
    pub(crate) fn set_human_ticket(
        &mut self,
        shop: ShopId,
        current: Option<HumanTicketId>,
        is_open: bool,
        at: Timestamp,
    ) -> Result<Option<HumanTicketId>, StorageError> {
        let current = current.and_then(|id| self.human_tickets.get(&(shop, id)).cloned());
        let next_id = || {
            self.next_human_ticket_id(shop)
                .ok_or_else(|| unexpected("open_human_ticket", "no human ticket number left"))
        };
        let after = HumanTicket::transition(current, is_open, at, next_id)?;
        Ok(after.map(|human_ticket| {
            let id = human_ticket.id;
            self.human_tickets.insert((shop, id), human_ticket);
            id
        }))
    }

    pub(crate) fn next_human_ticket_id(&self, shop: ShopId) -> Option<HumanTicketId> {
        let used = self.human_tickets.keys().filter(|(owner, _)| *owner == shop).map(|(_, id)| id.get());
        HumanTicketId::new(self.next_number_of(shop, |counters| counters.human_tickets, used))
    }

    pub(crate) fn find_ticket(&self, shop: ShopId, id: TicketId) -> Option<TicketView> {
        let stored = self.tickets.get(&(shop, id))?;
        Some(TicketView {
            ticket: stored.ticket.clone(),
            // The customer always exists: a ticket is created for a customer of its shop and
            // deleted with that customer.
            customer: self.customers.get(&(shop, stored.ticket.customer_id))?.clone(),
            assignee: stored.ticket.assigned_to.and_then(|user| self.users.get(&(shop, user)).cloned()),
            human_ticket: stored
                .human_ticket
                .and_then(|number| self.human_tickets.get(&(shop, number)).cloned()),
        })
    }

    /// The shop's tickets for which `is_wanted` is true, in list order.
    pub(crate) fn tickets_of(
        &self,
        shop: ShopId,
        is_wanted: impl Fn(&Ticket) -> bool,
    ) -> Vec<(TicketPosition, TicketView)> {
        let of_shop = self.tickets.iter().filter(|((owner, _), _)| *owner == shop);
        let wanted = of_shop.filter(|(_, stored)| is_wanted(&stored.ticket));
        let mut tickets: Vec<_> = wanted
            .filter_map(|((_, id), stored)| Some((stored.ticket.position(), self.find_ticket(shop, *id)?)))
            .collect();
        tickets.sort_by_key(|(position, _)| *position);
        tickets
    }
}

#[async_trait]
impl TicketStore for MemoryStorage {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        self.state().create_tickets(batch)
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        Ok(self.state().find_ticket(shop, id))
    }

    async fn list_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        after: Option<TicketPosition>,
        size: PageSize,
    ) -> Result<Page<TicketView, TicketPosition>, StorageError> {
        let mut tickets = self.state().tickets_of(shop, |ticket| filter.matches(ticket));
        if let Some(after) = after {
            tickets.retain(|(position, _)| *position > after);
        }
        Ok(Page::cut(tickets, size))
    }

    async fn update_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        update: TicketUpdate,
        claim: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
        self.state().attempt(shop, claim, |state| state.update_ticket(shop, id, update))
    }

    async fn delete_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteTicketOutcome, StorageError> {
        Ok(self.state().delete_ticket(shop, id, expected_version, stamp))
    }

    async fn count_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        at_most: u64,
    ) -> Result<u64, StorageError> {
        let count = self.state().tickets_of(shop, |ticket| filter.matches(ticket)).len() as u64;
        Ok(count.min(at_most))
    }
}
