use async_trait::async_trait;
use hexdesk_domain::ports::{CreateCustomerOutcome, CustomerUpdate, Erased, UpdateCustomerOutcome};
use hexdesk_domain::{
    AuditStamp, Comment, Customer, CustomerFilter, CustomerId, CustomerStore, DeferredClaim, EventKind,
    IdempotentOutcome, NewCustomer, Page, PageSize, ShopId, StorageError, Subject, fold_email,
};

use super::events::comment_deleted;
use super::tickets::StoredTicket;
use super::{MemoryStorage, State, next_number, unexpected};

impl State {
    pub(crate) fn customers_of(&self, shop: ShopId) -> impl Iterator<Item = &Customer> {
        self.customers.values().filter(move |customer| customer.shop_id == shop)
    }

    pub(crate) fn next_customer_id(&self, shop: ShopId) -> Option<CustomerId> {
        let used = self.customers.keys().chain(&self.erased_customers);
        CustomerId::new(next_number(used.filter(|(owner, _)| *owner == shop).map(|(_, id)| id.get())))
    }

    pub(crate) fn create_customer(
        &mut self,
        shop: ShopId,
        new: NewCustomer,
    ) -> Result<CreateCustomerOutcome, StorageError> {
        let folded = new.email.as_deref().map(fold_email);
        let same_email =
            |customer: &&Customer| folded.is_some() && customer.email.as_deref().map(fold_email) == folded;
        let same_phone_number =
            |customer: &&Customer| new.phone_number.is_some() && customer.phone_number == new.phone_number;
        let existing = self
            .customers_of(shop)
            .find(same_email)
            .or_else(|| self.customers_of(shop).find(same_phone_number));
        if let Some(customer) = existing {
            return Ok(CreateCustomerOutcome::Existing(customer.clone()));
        }
        let id = match new.id {
            Some(id) if self.customers.contains_key(&(shop, id)) => {
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
        let (email, phone_number) = (changes.email.clone().flatten(), changes.phone_number.clone().flatten());
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
        if phone_number.is_some() && has_another(CustomerFilter { phone_number, ..CustomerFilter::default() })
        {
            return UpdateCustomerOutcome::PhoneNumberTaken;
        }
        self.customers.insert((shop, id), customer.clone());
        if is_change {
            self.append_events(shop, stamp, [(EventKind::CustomerUpdated, Subject::Customer(id))]);
        }
        UpdateCustomerOutcome::Updated(Box::new(customer))
    }

    pub(crate) fn erase_customer(
        &mut self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Option<Erased> {
        self.customers.remove(&(shop, id))?;
        self.erased_customers.insert((shop, id));
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
        self.idempotency_records
            .retain(|(owner, ..), record| *owner != shop || record.receipt.customer_id != Some(id));
        erased.idempotency_records = (records - self.idempotency_records.len()) as u64;
        self.scrub_events(shop, id);
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

    async fn erase_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError> {
        Ok(self.state().erase_customer(shop, id, stamp))
    }
}
