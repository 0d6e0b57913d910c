use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateTicketOutcome, DeleteTicketOutcome, TicketCreation, TicketUpdate, UpdateTicketOutcome,
};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, EventKind, IdempotentOutcome, Page, ShopId, StorageError, Subject,
    TicketFilter, TicketId, TicketPosition, TicketStore, TicketView, UserId,
};

use super::ticket_changes::with_everyone_active;
use super::{Fault, FaultyStorage, gap};
use crate::memory::{IdempotencyRecord, StoredTicket, record_key};

impl FaultyStorage {
    fn has_customer(&self, creation: &TicketCreation) -> bool {
        let ticket = &creation.ticket;
        self.inner.state().customers.contains_key(&(ticket.shop_id, ticket.customer_id))
    }

    fn has_assignee(&self, creation: &TicketCreation) -> bool {
        let ticket = &creation.ticket;
        ticket.assigned_to.is_none_or(|user| self.inner.state().users.contains_key(&(ticket.shop_id, user)))
    }

    /// Creates the items for which `instead` has no other answer.
    async fn create_unless(
        &self,
        batch: Vec<TicketCreation>,
        mut instead: impl FnMut(&TicketCreation) -> Option<CreateTicketOutcome> + Send,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        let answers: Vec<_> = batch.iter().map(&mut instead).collect();
        let rest = batch.into_iter().zip(&answers).filter(|(_, answer)| answer.is_none());
        let mut outcomes = self.inner.create_tickets(rest.map(|(item, _)| item).collect()).await?.into_iter();
        Ok(answers.into_iter().filter_map(|answer| answer.or_else(|| outcomes.next())).collect())
    }
}

#[async_trait]
impl TicketStore for FaultyStorage {
    async fn create_tickets(
        &self,
        mut batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        match self.fault {
            Fault::ReplayedTicketLogged | Fault::RefusedTicketLogged | Fault::FailedBatchLogged => {
                self.create_tickets_and_log(batch)
            }
            Fault::TagsSorted => {
                for item in &mut batch {
                    item.ticket.tags.sort();
                    item.ticket.tags.dedup();
                }
                self.inner.create_tickets(batch).await
            }
            Fault::OutcomesInOrderOfIds => {
                let ids: Vec<_> = batch.iter().map(|item| item.ticket.id).collect();
                let outcomes = self.inner.create_tickets(batch).await?;
                if ids.len() < 10 {
                    return Ok(outcomes);
                }
                let mut sorted: Vec<_> = ids.into_iter().zip(outcomes).collect();
                sorted.sort_by_key(|(id, _)| *id);
                Ok(sorted.into_iter().map(|(_, outcome)| outcome).collect())
            }
            Fault::RefusedTicketStays => {
                let outcomes = self.inner.create_tickets(batch.clone()).await?;
                let mut state = self.inner.state();
                for (item, outcome) in batch.into_iter().zip(&outcomes) {
                    if *outcome == CreateTicketOutcome::CustomerNotFound {
                        let place = (item.ticket.shop_id, item.ticket.id);
                        let stored =
                            StoredTicket { ticket: item.ticket, first_message: None, human_ticket: None };
                        state.tickets.entry(place).or_insert(stored);
                    }
                }
                Ok(outcomes)
            }
            Fault::AssigneeOfAnyShop => {
                let mut foreign = Vec::new();
                for item in &mut batch {
                    let users = self.inner.state().users.clone();
                    let of_any = |id: UserId| users.keys().any(|(_, user)| *user == id);
                    if !self.has_assignee(item) && item.ticket.assigned_to.is_some_and(of_any) {
                        let assignee = item.ticket.assigned_to.take();
                        foreign.push((item.ticket.shop_id, item.ticket.id, assignee));
                    }
                }
                let outcomes = self.inner.create_tickets(batch).await?;
                for (shop, id, assignee) in foreign {
                    if let Some(stored) = self.inner.state().tickets.get_mut(&(shop, id)) {
                        stored.ticket.assigned_to = assignee;
                    }
                }
                Ok(outcomes)
            }
            Fault::AssigneeMayBeInactive => {
                with_everyone_active(&mut self.inner.state(), |state| state.create_tickets(batch))
            }
            Fault::ErasureFailsOthers => self.create_for_who_was_there(batch).await,
            Fault::MissingAssigneeWins => {
                let mut outcomes = self.inner.create_tickets(batch.clone()).await?;
                for (item, outcome) in batch.iter().zip(&mut outcomes) {
                    if *outcome == CreateTicketOutcome::CustomerNotFound && !self.has_assignee(item) {
                        *outcome = CreateTicketOutcome::AssigneeNotFound;
                    }
                }
                Ok(outcomes)
            }
            Fault::RefusalSwallowsTheNext => {
                let mut after_refusal = false;
                self.create_unless(batch, |item| {
                    let swallowed = after_refusal;
                    after_refusal = self.has_customer(item) && !self.has_assignee(item);
                    swallowed.then_some(CreateTicketOutcome::Created)
                })
                .await
            }
            Fault::HumanTicketOpenSinceDate => {
                for item in &mut batch {
                    item.stamp.time = item.ticket.date;
                }
                self.inner.create_tickets(batch).await
            }
            Fault::FailedBatchHalfWritten => match self.inner.create_tickets(batch.clone()).await {
                Err(error) => {
                    for item in batch {
                        // Whatever becomes of it.
                        let _ = self.inner.create_tickets(vec![item]).await;
                    }
                    Err(error)
                }
                outcomes => outcomes,
            },
            Fault::BatchHeldToFirstShop => {
                let first = batch.first().map(|item| item.ticket.shop_id);
                self.create_unless(batch, |item| {
                    let place = first.map(|shop| (shop, item.ticket.customer_id));
                    let is_of_first =
                        place.is_some_and(|place| self.inner.state().customers.contains_key(&place));
                    let is_foreign = first != Some(item.ticket.shop_id) && !is_of_first;
                    is_foreign.then_some(CreateTicketOutcome::CustomerNotFound)
                })
                .await
            }
            Fault::RacingBatches => {
                let mut copy = self.inner.state().clone();
                let outcomes = copy.create_tickets(batch)?;
                gap().await;
                *self.inner.state() = copy;
                Ok(outcomes)
            }
            Fault::ReceiptCut => {
                for claim in batch.iter_mut().filter_map(|item| item.idempotency.as_mut()) {
                    claim.receipt.answer.truncate(1 << 16);
                }
                self.inner.create_tickets(batch).await
            }
            Fault::FingerprintCut => {
                for claim in batch.iter_mut().filter_map(|item| item.idempotency.as_mut()) {
                    claim.request.fingerprint.0[31] = 0;
                }
                self.inner.create_tickets(batch).await
            }
            Fault::OperationIgnored => {
                for claim in batch.iter_mut().filter_map(|item| item.idempotency.as_mut()) {
                    claim.request.operation.clear();
                }
                self.inner.create_tickets(batch).await
            }
            Fault::RefusalRecorded => {
                let outcomes = self.inner.create_tickets(batch.clone()).await?;
                let mut state = self.inner.state();
                for (item, outcome) in batch.into_iter().zip(&outcomes) {
                    if let Some(claim) = item.idempotency
                        && *outcome == CreateTicketOutcome::AssigneeNotFound
                    {
                        let record = IdempotencyRecord {
                            fingerprint: claim.request.fingerprint,
                            receipt: claim.receipt,
                            requested_at: item.stamp.time,
                        };
                        let key = record_key(item.ticket.shop_id, &claim.request);
                        state.idempotency_records.entry(key).or_insert(record);
                    }
                }
                Ok(outcomes)
            }
            Fault::KeyTwiceInABatch => {
                let mut seen = Vec::new();
                for item in &mut batch {
                    let (known, accepted) = {
                        let key =
                            item.idempotency.as_ref().map(|it| record_key(item.ticket.shop_id, &it.request));
                        let state = self.inner.state();
                        let is_recorded =
                            key.as_ref().is_some_and(|key| state.idempotency_records.contains_key(key));
                        (
                            key.filter(|_| !is_recorded),
                            state.customers.contains_key(&(item.ticket.shop_id, item.ticket.customer_id)),
                        )
                    };
                    if let Some(key) = known
                        && accepted
                    {
                        if seen.contains(&key) {
                            item.idempotency = None;
                        }
                        seen.push(key);
                    }
                }
                self.inner.create_tickets(batch).await
            }
            Fault::AssigneeBeforeRecord => {
                self.create_unless(batch, |item| {
                    let is_refused = self.has_customer(item) && !self.has_assignee(item);
                    is_refused.then_some(CreateTicketOutcome::AssigneeNotFound)
                })
                .await
            }
            Fault::RacingKeys => {
                let before = self.inner.state().idempotency_records.clone();
                gap().await;
                let mut state = self.inner.state();
                // Of the records, only what was there before the gap is seen.
                let hidden = std::mem::replace(&mut state.idempotency_records, before);
                let outcomes = state.create_tickets(batch);
                state.idempotency_records.extend(hidden);
                outcomes
            }
            _ => self.inner.create_tickets(batch).await,
        }
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        let found = self.inner.find_ticket(shop, id).await?;
        let state = self.inner.state();
        match (self.fault, found) {
            (Fault::TicketFoundAcrossShops, None) => {
                let owner = state.tickets.keys().find(|(_, there)| *there == id);
                Ok(owner.and_then(|(owner, id)| state.find_ticket(*owner, *id)))
            }
            (Fault::CustomerJoinedAcrossShops, Some(view)) => {
                let customer = state.customers.values().find(|there| there.id == view.customer.id);
                Ok(customer.map(|customer| TicketView { customer: customer.clone(), ..view }))
            }
            (Fault::TicketsBehindCustomers, Some(view)) => {
                let was = self.outdated.state().customers.get(&(shop, view.customer.id)).cloned();
                Ok(Some(TicketView { customer: was.unwrap_or(view.customer), ..view }))
            }
            (_, found) => Ok(found),
        }
    }

    async fn list_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        after: Option<TicketPosition>,
        limit: u32,
    ) -> Result<Page<TicketView, TicketPosition>, StorageError> {
        Ok(self.list(shop, &filter, after, limit))
    }

    async fn update_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        update: TicketUpdate,
        once: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
        if update.changes.is_empty() {
            let event = (EventKind::TicketUpdated, Subject::Ticket(id));
            self.log_anyway(Fault::EmptyTicketUpdateLogged, shop, update.stamp, event);
        }
        self.update(shop, id, update, once).await
    }

    async fn delete_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteTicketOutcome, StorageError> {
        let outcome = self.delete(shop, id, expected_version, stamp).await?;
        self.log_deletion(shop, id, stamp, outcome);
        Ok(outcome)
    }

    async fn count_tickets(&self, shop: ShopId, filter: TicketFilter) -> Result<u64, StorageError> {
        Ok(self.count(shop, &filter))
    }
}
