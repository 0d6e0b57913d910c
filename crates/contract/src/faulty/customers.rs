use async_trait::async_trait;
use hexdesk_domain::ports::{CreateCustomerOutcome, CustomerUpdate, Erased, UpdateCustomerOutcome};
use hexdesk_domain::{
    AuditStamp, Customer, CustomerFilter, CustomerId, CustomerStore, DeferredClaim, EventKind, ExternalIds,
    IdempotentOutcome, NewCustomer, Page, ShopId, StorageError, StorageErrorKind, Subject, fold_email,
};

use super::{Fault, FaultyStorage, failure, gap};
use crate::memory::customer_from;

fn emptied(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

impl FaultyStorage {
    /// Who once had the address, if nobody has it now.
    fn formerly_of(&self, shop: ShopId, new: &NewCustomer) -> Option<Customer> {
        let email = new.email.as_deref().map(fold_email)?;
        let has_it =
            |customer: &&Customer| customer.email.as_deref().map(fold_email).as_ref() == Some(&email);
        if self.inner.state().customers_of(shop).any(|customer| has_it(&customer)) {
            return None;
        }
        self.outdated.state().customers_of(shop).find(has_it).cloned()
    }

    fn created(&self, shop: ShopId, new: NewCustomer) -> Result<CreateCustomerOutcome, StorageError> {
        self.inner.state().create_customer(shop, new)
    }

    async fn add_customer(
        &self,
        shop: ShopId,
        new: NewCustomer,
    ) -> Result<CreateCustomerOutcome, StorageError> {
        match self.fault {
            Fault::CustomerTextsEmptied => {
                let new = NewCustomer {
                    first_name: emptied(new.first_name),
                    last_name: emptied(new.last_name),
                    full_name: emptied(new.full_name),
                    external_ids: ExternalIds {
                        shopify_id: emptied(new.external_ids.shopify_id),
                        ..new.external_ids
                    },
                    ..new
                };
                self.created(shop, new)
            }
            Fault::CustomerEmailFoldedInAscii => {
                let outcome = self.created(shop, new.clone())?;
                let CreateCustomerOutcome::Existing(there) = &outcome else { return Ok(outcome) };
                let folded = |email: &Option<String>| email.as_deref().map(str::to_ascii_lowercase);
                if there.phone_number == new.phone_number || folded(&there.email) == folded(&new.email) {
                    return Ok(outcome);
                }
                let mut state = self.inner.state();
                let id = new.id.or(state.next_customer_id(shop)).unwrap();
                let customer = customer_from(new, shop, id);
                state.customers.insert((shop, id), customer.clone());
                Ok(CreateCustomerOutcome::Created(customer))
            }
            Fault::PhoneNumberWins => {
                let by_phone = self
                    .inner
                    .state()
                    .customers_of(shop)
                    .find(|there| new.phone_number.is_some() && there.phone_number == new.phone_number)
                    .cloned();
                match by_phone {
                    Some(there) => Ok(CreateCustomerOutcome::Existing(there)),
                    None => self.created(shop, new),
                }
            }
            Fault::CustomerNumbersCounted if new.id.is_none() => {
                let id = {
                    let state = self.inner.state();
                    (1..).filter_map(CustomerId::new).find(|id| !state.customers.contains_key(&(shop, *id)))
                };
                self.created(shop, NewCustomer { id, ..new })
            }
            Fault::CustomerOverwritten => {
                let outcome = self.created(shop, new.clone())?;
                if outcome == CreateCustomerOutcome::IdTaken
                    && let Some(id) = new.id
                    && let Some(there) = self.inner.state().customers.get_mut(&(shop, id))
                {
                    there.first_name = new.first_name;
                }
                Ok(outcome)
            }
            Fault::RacingCustomers => {
                let before = self.inner.state().clone();
                gap().await;
                let taken = before.customers_of(shop).any(|there| {
                    there.email.as_deref().map(fold_email) == new.email.as_deref().map(fold_email)
                        || there.phone_number.is_some() && there.phone_number == new.phone_number
                        || Some(there.id) == new.id
                });
                if taken {
                    return self.created(shop, new);
                }
                let mut state = self.inner.state();
                let id = new.id.or(state.next_customer_id(shop));
                let id = id.ok_or_else(|| failure(StorageErrorKind::Unexpected, "create_customer"))?;
                let customer = customer_from(new, shop, id);
                state.customers.insert((shop, id), customer.clone());
                Ok(CreateCustomerOutcome::Created(customer))
            }
            Fault::ExternalIdsMixedUp => {
                let mut new = new;
                let ids = &mut new.external_ids;
                std::mem::swap(&mut ids.ig_user_id, &mut ids.ig_pseudo);
                self.created(shop, new)
            }
            _ => self.created(shop, new),
        }
    }
}

#[async_trait]
impl CustomerStore for FaultyStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        new: NewCustomer,
        once: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, StorageError> {
        let once = self.changed_for_customers(once);
        match self.fault {
            Fault::ExistingCustomerLogged => {
                let stamp = new.stamp;
                let attempt = self.inner.create_customer(shop, new, once).await?;
                if let IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(there)) = &attempt {
                    let event = (EventKind::CustomerCreated, Subject::Customer(there.id));
                    self.log_anyway(self.fault, shop, stamp, event);
                }
                Ok(attempt)
            }
            Fault::CustomerBeforeRecord => {
                let there = self.inner.state().clone().create_customer(shop, new.clone())?;
                if matches!(there, CreateCustomerOutcome::Existing(_)) {
                    return Ok(IdempotentOutcome::Ran(there));
                }
                self.inner.create_customer(shop, new, once).await
            }
            Fault::RacingCustomerKeys => {
                self.racing_keys(shop, once, |state| state.create_customer(shop, new)).await
            }
            Fault::RecordAfterErasure if once.is_some() => {
                self.record_later(shop, once, |state| state.create_customer(shop, new)).await
            }
            Fault::GivenUpAddressTaken | Fault::ErasedAddressTaken => {
                let formerly = self.formerly_of(shop, &new);
                if let Some(there) = formerly {
                    return Ok(IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(there)));
                }
                self.inner.create_customer(shop, new, once).await
            }
            _ if once.is_some() => self.inner.create_customer(shop, new, once).await,
            _ => self.add_customer(shop, new).await.map(IdempotentOutcome::Ran),
        }
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        let found = self.inner.find_customer(shop, id).await?;
        if self.fault == Fault::CustomerFoundAcrossShops && found.is_none() {
            return Ok(self.inner.state().customers.values().find(|there| there.id == id).cloned());
        }
        Ok(found)
    }

    async fn list_customers(
        &self,
        shop: ShopId,
        filter: CustomerFilter,
        after: Option<CustomerId>,
        limit: u32,
    ) -> Result<Page<Customer, CustomerId>, StorageError> {
        Ok(self.list_of_customers(shop, &filter, after, limit))
    }

    async fn count_customers(&self, shop: ShopId, filter: CustomerFilter) -> Result<u64, StorageError> {
        Ok(self.count_of_customers(shop, filter))
    }

    async fn update_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        update: CustomerUpdate,
        once: Option<DeferredClaim<UpdateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, StorageError> {
        if update.changes.is_empty() {
            let event = (EventKind::CustomerUpdated, Subject::Customer(id));
            self.log_anyway(Fault::EmptyCustomerUpdateLogged, shop, update.stamp, event);
        }
        self.attempt_customer_update(shop, id, update, once).await
    }

    async fn erase_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError> {
        let erased = self.erase(shop, id, stamp).await?;
        if erased.is_none() {
            let event = (EventKind::CustomerErased, Subject::Customer(id));
            self.log_anyway(Fault::ErasureOfNobodyLogged, shop, stamp, event);
        }
        Ok(erased)
    }
}
