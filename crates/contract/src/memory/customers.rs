use async_trait::async_trait;
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{
    Attempt, Customer, CustomerId, CustomerStore, NewCustomer, Once, ShopId, StorageError, fold_email,
};

use super::{MemoryStorage, State, next_number, unexpected};

impl State {
    pub(crate) fn customers_of(&self, shop: ShopId) -> impl Iterator<Item = &Customer> {
        self.customers.values().filter(move |customer| customer.shop_id == shop)
    }

    pub(crate) fn next_customer_id(&self, shop: ShopId) -> Option<CustomerId> {
        CustomerId::new(next_number(self.customers_of(shop).map(|customer| customer.id.get())))
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
        let customer = customer_from(new, shop, id);
        self.customers.insert((shop, id), customer.clone());
        Ok(CreateCustomerOutcome::Created(customer))
    }
}

pub(crate) fn customer_from(new: NewCustomer, shop: ShopId, id: CustomerId) -> Customer {
    let NewCustomer {
        id: _,
        email,
        phone_number,
        first_name,
        last_name,
        full_name,
        external_ids,
        created_at,
    } = new;
    Customer {
        id,
        shop_id: shop,
        email,
        phone_number,
        first_name,
        last_name,
        full_name,
        external_ids,
        // Only a customer that a shop system hands over has these.
        number_of_orders: 0,
        cms: None,
        cms_created_at: None,
        created_at,
    }
}

#[async_trait]
impl CustomerStore for MemoryStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        once: Option<Once<CreateCustomerOutcome>>,
    ) -> Result<Attempt<CreateCustomerOutcome>, StorageError> {
        self.state().attempt(shop, once, |state| state.create_customer(shop, customer))
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        Ok(self.state().customers.get(&(shop, id)).cloned())
    }
}
