use std::collections::BTreeMap;
use std::sync::Arc;

use hexdesk_domain::ports::{CreateTicketOutcome, Erased, TicketCreation};
use hexdesk_domain::{
    AuditStamp, Customer, CustomerId, DeferredClaim, ExternalIds, Fingerprint, IdempotentOutcome, Receipt,
    ShopId, StorageError, StorageErrorKind,
};

use super::{Fault, FaultyStorage, failure, gap};
use crate::memory::{IdempotencyRecord, State};

impl FaultyStorage {
    pub(super) async fn erase(
        &self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError> {
        if self.fault == Fault::RacingErasure {
            let before = self.inner.state().clone();
            gap().await;
            return Ok(erase_what_was_there(&mut self.inner.state(), &before, shop, id, stamp));
        }
        let mut state = self.inner.state();
        let before = state.clone();
        let erased = state.erase_customer(shop, id, stamp);
        let Some(mut erased) = erased else {
            return Ok((self.fault == Fault::NobodyIsErased).then(Erased::default));
        };
        self.miscount(&before, &mut state, shop, id, &mut erased);
        self.leave_or_take(&before, &mut state, shop, id, stamp);
        self.scrub_otherwise(&before, &mut state, shop, id);
        Ok(Some(erased))
    }

    fn miscount(&self, before: &State, state: &mut State, shop: ShopId, id: CustomerId, erased: &mut Erased) {
        let theirs = |(owner, _): &(ShopId, _), customer: CustomerId| (*owner, customer) == (shop, id);
        match self.fault {
            Fault::ClosedHumanTicketsNotTold => {
                let tickets = before.tickets.iter();
                let tickets =
                    tickets.filter(|(place, stored)| theirs(&(place.0, ()), stored.ticket.customer_id));
                let numbers = tickets.filter_map(|(_, stored)| stored.human_ticket);
                let human_tickets = numbers.filter_map(|number| before.human_tickets.get(&(shop, number)));
                erased.human_tickets =
                    human_tickets.filter(|human_ticket| human_ticket.closed_at.is_none()).count() as u64;
            }
            Fault::ShopsCommentsNotTold => {
                let comments = before.comments.iter();
                let comments = comments.filter(|(place, it)| theirs(&(place.0, ()), it.customer_id));
                erased.comments = comments.filter(|(_, comment)| !comment.is_from_shop).count() as u64;
            }
            Fault::LastOfManyTicketsStays if erased.tickets > 100 => {
                let mut tickets = before.tickets.iter();
                let last = tickets.rfind(|(place, stored)| theirs(&(place.0, ()), stored.ticket.customer_id));
                state.tickets.extend(last.map(|(place, stored)| (*place, stored.clone())));
                erased.tickets -= 1;
            }
            _ => {}
        }
    }

    /// What is there instead of what should be.
    fn leave_or_take(
        &self,
        before: &State,
        state: &mut State,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) {
        match self.fault {
            Fault::ErasureInEveryShop => {
                for other in before.shops.keys() {
                    state.erase_customer(*other, id, stamp);
                }
            }
            Fault::RecordsOfEveryShopGo => {
                state.idempotency_records.retain(|_, record| record.receipt.customer_id != Some(id));
            }
            Fault::EveryRecordGoes => state.idempotency_records.retain(|(owner, ..), _| *owner != shop),
            Fault::RecordsStay => state.idempotency_records.clone_from(&before.idempotency_records),
            Fault::RecordsOfOthersStay => {
                let of_others = before.idempotency_records.iter();
                let of_others = of_others.filter(|((_, operation, _), _)| operation != "create_ticket");
                state
                    .idempotency_records
                    .extend(of_others.map(|(key, record)| (key.clone(), record.clone())));
            }
            Fault::CustomerStaysBlank => {
                let blank = before.customers.get(&(shop, id)).cloned().map(|customer| Customer {
                    email: None,
                    phone_number: Some(String::new()),
                    first_name: None,
                    last_name: None,
                    full_name: None,
                    external_ids: ExternalIds::default(),
                    ..customer
                });
                state.customers.extend(blank.map(|blank| ((shop, id), blank)));
            }
            Fault::AssigneesGo => {
                let tickets = before.tickets.values().map(|stored| &stored.ticket);
                let tickets = tickets.filter(|ticket| (ticket.shop_id, ticket.customer_id) == (shop, id));
                for user in tickets.filter_map(|ticket| ticket.assigned_to) {
                    state.users.remove(&(shop, user));
                }
            }
            Fault::ErasedNumberHandedOut => state.erased_customers.clear(),
            Fault::ErasedAddressTaken => *self.outdated.state() = before.clone(),
            Fault::ErasedKeysTaken => {
                let gone = before.idempotency_records.keys();
                let gone: Vec<_> =
                    gone.filter(|key| !state.idempotency_records.contains_key(*key)).cloned().collect();
                state.idempotency_records.extend(gone.into_iter().map(|key| {
                    let receipt = Receipt { answer: Vec::new(), customer_id: None };
                    let fingerprint = Fingerprint([0; 32]);
                    (key, IdempotencyRecord { fingerprint, receipt, requested_at: stamp.time })
                }));
            }
            Fault::ErasedCommentsStay => state.comments.clone_from(&before.comments),
            _ => {}
        }
    }

    /// Runs the operation, and writes its record some time after.
    pub(super) async fn record_later<T>(
        &self,
        shop: ShopId,
        once: Option<DeferredClaim<T>>,
        operation: impl FnOnce(&mut State) -> Result<T, StorageError> + Send,
    ) -> Result<IdempotentOutcome<T>, StorageError> {
        let Some(once) = once else {
            return self.inner.state().attempt(shop, None, operation);
        };
        let DeferredClaim { request, requested_at, receipt } = once;
        let silent =
            DeferredClaim { request: request.clone(), requested_at, receipt: Arc::new(|_: &T| None) };
        let attempt = self.inner.state().attempt(shop, Some(silent), operation)?;
        let receipt = match &attempt {
            IdempotentOutcome::Ran(outcome) => receipt(outcome),
            _ => None,
        };
        gap().await;
        if let Some(receipt) = receipt {
            self.inner.state().record(shop, &request, requested_at, receipt);
        }
        Ok(attempt)
    }

    /// Fails if a customer who was there when it was looked is not there when it is
    /// written.
    pub(super) async fn create_for_who_was_there(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        let expected = self.inner.state().clone().create_tickets(batch.clone())?;
        gap().await;
        let mut state = self.inner.state();
        let is_gone = |item: &TicketCreation| {
            !state.customers.contains_key(&(item.ticket.shop_id, item.ticket.customer_id))
        };
        let mut created = batch.iter().zip(&expected);
        if created.any(|(item, outcome)| *outcome == CreateTicketOutcome::Created && is_gone(item)) {
            return Err(failure(StorageErrorKind::Unexpected, "create_tickets"));
        }
        state.create_tickets(batch)
    }
}

/// Takes away what there was of the customer before, and tells how much that was.
fn erase_what_was_there(
    state: &mut State,
    before: &State,
    shop: ShopId,
    id: CustomerId,
    stamp: AuditStamp,
) -> Option<Erased> {
    let mut copy = before.clone();
    let erased = copy.erase_customer(shop, id, stamp)?;
    state.customers.remove(&(shop, id))?;
    state.erased_customers.insert((shop, id));
    remove_gone(&mut state.tickets, &before.tickets, &copy.tickets);
    remove_gone(&mut state.comments, &before.comments, &copy.comments);
    let records = &mut state.idempotency_records;
    remove_gone(records, &before.idempotency_records, &copy.idempotency_records);
    Some(erased)
}

/// Takes away what was there before and is not there after.
fn remove_gone<K: Ord, V>(things: &mut BTreeMap<K, V>, before: &BTreeMap<K, V>, after: &BTreeMap<K, V>) {
    things.retain(|key, _| after.contains_key(key) || !before.contains_key(key));
}
