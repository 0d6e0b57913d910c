use std::collections::BTreeSet;

use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateCustomerOutcome, CustomerMerge, CustomerUpdate, Erased, MergeCustomersOutcome,
    UpdateCustomerOutcome,
};
use hexdesk_domain::{
    AuditStamp, Comment, Customer, CustomerFilter, CustomerId, CustomerStore, DeferredClaim, EventKind,
    IdempotentOutcome, NewCustomer, Page, PageSize, ShopId, StorageError, Subject,
};

use super::events::comment_deleted;
use super::tickets::StoredTicket;
use super::{MemoryStorage, State, unexpected};

impl State {
    pub(crate) fn customers_of(&self, shop: ShopId) -> impl Iterator<Item = &Customer> {
        self.customers.values().filter(move |customer| customer.shop_id == shop)
    }

    pub(crate) fn next_customer_id(&self, shop: ShopId) -> Option<CustomerId> {
        let used = self.customers.keys().chain(&self.erased_customers).chain(self.merged_customers.keys());
        let used = used.filter(|(owner, _)| *owner == shop).map(|(_, id)| id.get());
        CustomerId::new(self.next_number_of(shop, |counters| counters.customers, used))
    }

    pub(crate) fn create_customer(
        &mut self,
        shop: ShopId,
        new: NewCustomer,
    ) -> Result<CreateCustomerOutcome, StorageError> {
        let same = self.customers_of(shop).filter_map(|there| Some((new.is_same(there)?, there.id)));
        if let Some((_, id)) = same.min() {
            return self.fill_in(shop, id, &new);
        }
        let id = match new.id {
            Some(id)
                if self.customers.contains_key(&(shop, id))
                    || self.merged_customers.contains_key(&(shop, id)) =>
            {
                return Ok(CreateCustomerOutcome::IdTaken);
            }
            Some(id) => id,
            None => self
                .next_customer_id(shop)
                .ok_or_else(|| unexpected("create_customer", "no customer number left"))?,
        };
        let stamp = new.stamp;
        let customer = new.into_customer(shop, id);
        self.customers.insert((shop, id), customer.clone());
        self.append_events(shop, stamp, [(EventKind::CustomerCreated, Subject::Customer(id))]);
        Ok(CreateCustomerOutcome::Created(customer))
    }

    /// Fills in what the existing customer lacks.
    fn fill_in(
        &mut self,
        shop: ShopId,
        id: CustomerId,
        new: &NewCustomer,
    ) -> Result<CreateCustomerOutcome, StorageError> {
        let Some(existing) = self.customers.get_mut(&(shop, id)) else {
            return Err(unexpected("create_customer", "the same customer is gone"));
        };
        let before = existing.clone();
        existing.fill_in(new);
        let filled = existing.clone();
        if filled != before {
            self.append_events(shop, new.stamp, [(EventKind::CustomerUpdated, Subject::Customer(id))]);
        }
        Ok(CreateCustomerOutcome::Existing(filled))
    }

    /// The shop's customers that match the filter, in list order.
    pub(crate) fn filtered_customers(
        &self,
        shop: ShopId,
        filter: &CustomerFilter,
    ) -> Vec<(CustomerId, Customer)> {
        let wanted = self.customers_of(shop).filter(|customer| filter.matches(customer));
        let mut customers: Vec<_> = wanted.map(|customer| (customer.id, customer.clone())).collect();
        customers.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
        customers
    }

    pub(crate) fn update_customer(
        &mut self,
        shop: ShopId,
        id: CustomerId,
        update: CustomerUpdate,
    ) -> UpdateCustomerOutcome {
        let CustomerUpdate { changes, stamp } = update;
        let Some(mut customer) = self.customers.get(&(shop, id)).cloned() else {
            return UpdateCustomerOutcome::CustomerNotFound;
        };
        let email = changes.email.clone().flatten();
        let before = customer.clone();
        changes.apply(&mut customer);
        let is_change = customer != before;
        if is_change && !customer.is_reachable() {
            return UpdateCustomerOutcome::Unreachable;
        }
        let has_another = |filter: CustomerFilter| {
            self.filtered_customers(shop, &filter).iter().any(|(other, _)| *other != id)
        };
        if email.is_some() && has_another(CustomerFilter { email, ..CustomerFilter::default() }) {
            return UpdateCustomerOutcome::EmailTaken;
        }
        self.customers.insert((shop, id), customer.clone());
        if is_change {
            self.append_events(shop, stamp, [(EventKind::CustomerUpdated, Subject::Customer(id))]);
        }
        UpdateCustomerOutcome::Updated(Box::new(customer))
    }

    pub(crate) fn merge_customers(&mut self, shop: ShopId, merge: CustomerMerge) -> MergeCustomersOutcome {
        let CustomerMerge { from, into, stamp } = merge;
        let Some(mut remaining) = self.customers.get(&(shop, into)).cloned() else {
            return MergeCustomersOutcome::CustomerNotFound(into);
        };
        let Some(merged) = self.customers.remove(&(shop, from)) else {
            return MergeCustomersOutcome::CustomerNotFound(from);
        };
        remaining.absorb(merged);
        self.customers.insert((shop, into), remaining.clone());
        for stored in self.tickets.values_mut().filter(|stored| stored.ticket.shop_id == shop) {
            if stored.ticket.customer_id == from {
                stored.ticket.customer_id = into;
            }
        }
        for ((owner, _), comment) in &mut self.comments {
            if *owner == shop && comment.customer_id == from {
                comment.customer_id = into;
            }
        }
        for ((owner, _), remaining) in &mut self.merged_customers {
            if *owner == shop && *remaining == from {
                *remaining = into;
            }
        }
        self.merged_customers.insert((shop, from), into);
        let changed = [
            (EventKind::CustomerMerged, Subject::Customer(from)),
            (EventKind::CustomerUpdated, Subject::Customer(into)),
        ];
        self.append_events(shop, stamp, changed);
        MergeCustomersOutcome::Merged(Box::new(remaining))
    }

    pub(crate) fn erase_customer(
        &mut self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Option<Erased> {
        self.customers.remove(&(shop, id))?;
        let merged = self.merged_customers.extract_if(.., |(owner, _), into| *owner == shop && *into == id);
        let ids: BTreeSet<CustomerId> = merged.map(|((_, from), _)| from).chain([id]).collect();
        self.erased_customers.extend(ids.iter().map(|id| (shop, *id)));
        let of_customer = |(owner, _): &(ShopId, _), stored: &mut StoredTicket| {
            *owner == shop && stored.ticket.customer_id == id
        };
        let mut erased = Erased::default();
        let mut gone = vec![(EventKind::CustomerErased, Subject::Customer(id))];
        for ((_, ticket), stored) in self.tickets.extract_if(.., of_customer) {
            erased.tickets += 1;
            gone.push((EventKind::TicketDeleted, Subject::Ticket(ticket)));
            if let Some(number) = stored.human_ticket {
                self.human_tickets.remove(&(shop, number));
                erased.human_tickets += 1;
            }
        }
        let of_customer =
            |(owner, _): &(ShopId, _), comment: &mut Comment| *owner == shop && comment.customer_id == id;
        for ((_, comment), _) in self.comments.extract_if(.., of_customer) {
            erased.comments += 1;
            gone.push(comment_deleted(comment));
        }
        let records = self.idempotency_records.len();
        self.idempotency_records.retain(|(owner, ..), record| {
            *owner != shop || record.receipt.customer_id.is_none_or(|id| !ids.contains(&id))
        });
        erased.idempotency_records = (records - self.idempotency_records.len()) as u64;
        for id in ids {
            self.scrub_events(shop, id);
        }
        self.append_events(shop, stamp, gone);
        Some(erased)
    }
}

#[async_trait]
impl CustomerStore for MemoryStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        claim: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, StorageError> {
        self.state().attempt(shop, claim, |state| state.create_customer(shop, customer))
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        Ok(self.state().customers.get(&(shop, id)).cloned())
    }

    async fn list_customers(
        &self,
        shop: ShopId,
        filter: CustomerFilter,
        after: Option<CustomerId>,
        size: PageSize,
    ) -> Result<Page<Customer, CustomerId>, StorageError> {
        let mut customers = self.state().filtered_customers(shop, &filter);
        customers.retain(|(id, _)| after.is_none_or(|after| *id < after));
        Ok(Page::cut(customers, size))
    }

    async fn count_customers(&self, shop: ShopId, filter: CustomerFilter) -> Result<u64, StorageError> {
        Ok(self.state().filtered_customers(shop, &filter).len() as u64)
    }

    async fn update_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        update: CustomerUpdate,
        claim: Option<DeferredClaim<UpdateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, StorageError> {
        self.state().attempt(shop, claim, |state| Ok(state.update_customer(shop, id, update)))
    }

    async fn merge_customers(
        &self,
        shop: ShopId,
        merge: CustomerMerge,
        claim: Option<DeferredClaim<MergeCustomersOutcome>>,
    ) -> Result<IdempotentOutcome<MergeCustomersOutcome>, StorageError> {
        self.state().attempt(shop, claim, |state| Ok(state.merge_customers(shop, merge)))
    }

    async fn find_merged_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
    ) -> Result<Option<CustomerId>, StorageError> {
        Ok(self.state().merged_customers.get(&(shop, id)).copied())
    }

    async fn erase_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError> {
        Ok(self.state().erase_customer(shop, id, stamp))
    }
}
