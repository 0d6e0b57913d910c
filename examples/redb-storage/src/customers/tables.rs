//! Writes customers together with their indexes.

use anyhow::Context;
use hexdesk_domain::{Customer, CustomerId, ShopId, fold_email};
use redb::{ReadableTable, Table, TableError, WriteTransaction};

use crate::encoding::{find, put};
use crate::numbers::next_number;
use crate::tables::{
    CUSTOMER_BY_EMAIL, CUSTOMER_BY_PHONE_NUMBER, CUSTOMERS, Json, LARGEST_ERASED_CUSTOMER, NumberInShop,
    TextInShop,
};

/// The customers and their indexes. Only this type writes them, so every write updates the indexes.
pub(super) struct CustomerTables<'transaction> {
    customers: Table<'transaction, NumberInShop, Json>,
    by_email: Table<'transaction, TextInShop, i64>,
    by_phone_number: Table<'transaction, TextInShop, i64>,
    largest_erased: Table<'transaction, i64, i64>,
}

impl<'transaction> CustomerTables<'transaction> {
    pub(super) fn open(transaction: &'transaction WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            customers: transaction.open_table(CUSTOMERS)?,
            by_email: transaction.open_table(CUSTOMER_BY_EMAIL)?,
            by_phone_number: transaction.open_table(CUSTOMER_BY_PHONE_NUMBER)?,
            largest_erased: transaction.open_table(LARGEST_ERASED_CUSTOMER)?,
        })
    }

    /// Returns the shop's customer with this number.
    pub(super) fn find(&self, shop: ShopId, id: CustomerId) -> anyhow::Result<Option<Customer>> {
        find(&self.customers, shop, id.get())
    }

    /// Returns the shop's customer with this e-mail address, compared without case. Returns `None`
    /// for no address.
    pub(super) fn find_by_email(
        &self,
        shop: ShopId,
        email: Option<&str>,
    ) -> anyhow::Result<Option<Customer>> {
        self.find_indexed(&self.by_email, shop, email.map(fold_email).as_deref())
    }

    /// Returns the shop's customer with this phone number. Returns `None` for no number.
    pub(super) fn find_by_phone_number(
        &self,
        shop: ShopId,
        phone_number: Option<&str>,
    ) -> anyhow::Result<Option<Customer>> {
        self.find_indexed(&self.by_phone_number, shop, phone_number)
    }

    fn find_indexed(
        &self,
        index: &Table<'_, TextInShop, i64>,
        shop: ShopId,
        text: Option<&str>,
    ) -> anyhow::Result<Option<Customer>> {
        let Some(text) = text else { return Ok(None) };
        let Some(number) = index.get((shop.get(), text))? else { return Ok(None) };
        let id = CustomerId::new(number.value()).context("a stored customer number is out of range")?;
        Ok(Some(self.find(shop, id)?.context("an indexed customer is missing")?))
    }

    /// Returns the number of the shop's next customer. It is larger than any number ever used in
    /// the shop.
    pub(super) fn next_id(&self, shop: ShopId) -> anyhow::Result<CustomerId> {
        let largest_erased = self.largest_erased.get(shop.get())?.map_or(0, |number| number.value());
        let number = next_number(&self.customers, shop)?.max(largest_erased.saturating_add(1));
        CustomerId::new(number).context("no customer number is left")
    }

    /// Adds a customer. Its number, e-mail address and phone number must be free.
    pub(super) fn add(&mut self, customer: &Customer) -> anyhow::Result<()> {
        let (shop, id) = (customer.shop_id.get(), customer.id.get());
        put(&mut self.customers, customer.shop_id, id, customer)?;
        if let Some(email) = &customer.email {
            self.by_email.insert((shop, fold_email(email).as_str()), id)?;
        }
        if let Some(phone_number) = &customer.phone_number {
            self.by_phone_number.insert((shop, phone_number.as_str()), id)?;
        }
        Ok(())
    }

    /// Replaces a customer.
    pub(super) fn replace(&mut self, before: &Customer, after: &Customer) -> anyhow::Result<()> {
        self.remove(before)?;
        self.add(after)
    }

    /// Erases a customer. Its number is not assigned again.
    pub(super) fn erase(&mut self, customer: &Customer) -> anyhow::Result<()> {
        self.remove(customer)?;
        let (shop, id) = (customer.shop_id.get(), customer.id.get());
        let largest = self.largest_erased.get(shop)?.map_or(id, |number| number.value().max(id));
        self.largest_erased.insert(shop, largest)?;
        Ok(())
    }

    fn remove(&mut self, customer: &Customer) -> anyhow::Result<()> {
        let (shop, id) = (customer.shop_id.get(), customer.id.get());
        self.customers.remove((shop, id))?;
        if let Some(email) = &customer.email {
            self.by_email.remove((shop, fold_email(email).as_str()))?;
        }
        if let Some(phone_number) = &customer.phone_number {
            self.by_phone_number.remove((shop, phone_number.as_str()))?;
        }
        Ok(())
    }
}
