mod stored;

use anyhow::Context;
use async_trait::async_trait;
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{
    Attempt, Customer, CustomerId, CustomerStore, NewCustomer, Once, ShopId, StorageError, fold_email,
};
use redb::{ReadableTable, WriteTransaction};

use crate::encoding::encode;
use crate::numbers::next_number;
use crate::tables::{
    CUSTOMER_BY_EMAIL, CUSTOMER_BY_PHONE_NUMBER, CUSTOMERS, IDEMPOTENCY_RECORDS, TextInShop,
};
use crate::{RedbStorage, once, shops};
use stored::StoredCustomer;

pub(crate) use stored::find;

#[async_trait]
impl CustomerStore for RedbStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        once: Option<Once<CreateCustomerOutcome>>,
    ) -> Result<Attempt<CreateCustomerOutcome>, StorageError> {
        self.write("create_customer", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            once::attempt(&mut records, shop, once, || create(transaction, shop, customer))
        })
        .await
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        self.read("find_customer", move |transaction| find(&transaction.open_table(CUSTOMERS)?, shop, id))
            .await
    }
}

fn create(
    transaction: &WriteTransaction,
    shop: ShopId,
    customer: NewCustomer,
) -> anyhow::Result<CreateCustomerOutcome> {
    shops::require(transaction, shop)?;
    let mut customers = transaction.open_table(CUSTOMERS)?;
    let mut by_email = transaction.open_table(CUSTOMER_BY_EMAIL)?;
    let mut by_phone_number = transaction.open_table(CUSTOMER_BY_PHONE_NUMBER)?;
    let email = customer.email.as_deref().map(fold_email);
    let phone_number = customer.phone_number.clone();

    // The e-mail address first: it wins if each matches another customer.
    let existing = match indexed(&by_email, shop, email.as_deref())? {
        Some(id) => Some(id),
        None => indexed(&by_phone_number, shop, phone_number.as_deref())?,
    };
    if let Some(id) = existing {
        let existing = find(&customers, shop, id)?.context("an indexed customer is missing")?;
        return Ok(CreateCustomerOutcome::Existing(existing));
    }
    let id = match customer.id {
        Some(id) if customers.get((shop.get(), id.get()))?.is_some() => {
            return Ok(CreateCustomerOutcome::IdTaken);
        }
        Some(id) => id,
        None => CustomerId::new(next_number(&customers, shop)?).context("no customer number is left")?,
    };

    let stored = StoredCustomer::of(customer);
    customers.insert((shop.get(), id.get()), encode(&stored)?.as_slice())?;
    if let Some(email) = email {
        by_email.insert((shop.get(), email.as_str()), id.get())?;
    }
    if let Some(phone_number) = phone_number {
        by_phone_number.insert((shop.get(), phone_number.as_str()), id.get())?;
    }
    Ok(CreateCustomerOutcome::Created(stored.into_customer(shop, id)?))
}

/// Which of the shop's customers an index has under this text, if there is a text.
fn indexed(
    index: &impl ReadableTable<TextInShop, i64>,
    shop: ShopId,
    text: Option<&str>,
) -> anyhow::Result<Option<CustomerId>> {
    let Some(text) = text else { return Ok(None) };
    let Some(number) = index.get((shop.get(), text))? else { return Ok(None) };
    Ok(Some(CustomerId::new(number.value()).context("a stored customer number is out of range")?))
}
