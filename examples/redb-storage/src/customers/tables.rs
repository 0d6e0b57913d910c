//! Writes customers together with their indexes.

use anyhow::Context;
use hexdesk_domain::{Customer, CustomerId, NewCustomer, ShopId, fold_email, fold_phone_number};
use redb::{ReadableTable, Table, TableError, WriteTransaction};

use crate::encoding::{decode, find, put};
use crate::numbers::{next_number, note, noted};
use crate::tables::{
    CUSTOMER_BY_EMAIL, CUSTOMERS, CUSTOMERS_BY_PHONE_NUMBER, Json, MERGED_CUSTOMERS, NumberInShop,
    TextAndNumber, TextInShop, USED_CUSTOMER_NUMBERS, all_of,
};

/// The customers and their indexes. Only this type writes them, so every write updates the indexes.
pub(crate) struct CustomerTables<'transaction> {
    customers: Table<'transaction, NumberInShop, Json>,
    by_email: Table<'transaction, TextInShop, i64>,
    by_phone_number: Table<'transaction, TextAndNumber, ()>,
    merged: Table<'transaction, NumberInShop, i64>,
    used_numbers: Table<'transaction, i64, i64>,
}

impl<'transaction> CustomerTables<'transaction> {
    pub(crate) fn open(transaction: &'transaction WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            customers: transaction.open_table(CUSTOMERS)?,
            by_email: transaction.open_table(CUSTOMER_BY_EMAIL)?,
            by_phone_number: transaction.open_table(CUSTOMERS_BY_PHONE_NUMBER)?,
            merged: transaction.open_table(MERGED_CUSTOMERS)?,
            used_numbers: transaction.open_table(USED_CUSTOMER_NUMBERS)?,
        })
    }

    /// Returns the shop's customer with this number.
    pub(crate) fn find(&self, shop: ShopId, id: CustomerId) -> anyhow::Result<Option<Customer>> {
        find(&self.customers, shop, id.get())
    }

    /// Returns the shop's customer with this e-mail address, compared after folding. Returns `None` for
    /// no address.
    pub(crate) fn find_by_email(
        &self,
        shop: ShopId,
        email: Option<&str>,
    ) -> anyhow::Result<Option<Customer>> {
        let Some(email) = email.map(fold_email) else { return Ok(None) };
        let Some(number) = self.by_email.get((shop.get(), email.as_str()))? else { return Ok(None) };
        self.find_indexed(shop, number.value()).map(Some)
    }

    /// Returns the shop's customer who is the same person as a new one (CUSTOMER-2, CUSTOMER-3,
    /// CUSTOMER-21).
    pub(crate) fn find_same(&self, shop: ShopId, new: &NewCustomer) -> anyhow::Result<Option<Customer>> {
        if let Some(same) = self.find_by_email(shop, new.email.as_deref())? {
            return Ok(Some(same));
        }
        let mut candidates = Vec::new();
        if new.external_ids.each().next().is_some() {
            // A store for large shops has an index of each id.
            for entry in self.customers.range(all_of(shop))? {
                candidates.push(decode::<Customer>(entry?.1.value())?);
            }
        } else if let Some(number) = new.phone_number.as_deref().map(fold_phone_number) {
            let all = (shop.get(), number.as_str(), i64::MIN)..=(shop.get(), number.as_str(), i64::MAX);
            for entry in self.by_phone_number.range(all)? {
                candidates.push(self.find_indexed(shop, entry?.0.value().2)?);
            }
        }
        let same = candidates.into_iter().filter_map(|there| Some((new.is_same(&there)?, there.id, there)));
        Ok(same.min_by_key(|(why, id, _)| (*why, *id)).map(|(.., there)| there))
    }

    fn find_indexed(&self, shop: ShopId, number: i64) -> anyhow::Result<Customer> {
        let id = CustomerId::new(number).context("a stored customer number is out of range")?;
        self.find(shop, id)?.context("an indexed customer is missing")
    }

    /// Returns the number of the shop's next customer. It is larger than any number ever used in
    /// the shop.
    pub(crate) fn next_id(&self, shop: ShopId) -> anyhow::Result<CustomerId> {
        let noted = noted(&self.used_numbers, shop)?;
        CustomerId::new(next_number(&self.customers, shop, noted)?).context("no customer number is left")
    }

    /// Adds a customer. Its number and e-mail address must be free.
    pub(crate) fn add(&mut self, customer: &Customer) -> anyhow::Result<()> {
        let (shop, id) = (customer.shop_id.get(), customer.id.get());
        put(&mut self.customers, customer.shop_id, id, customer)?;
        if let Some(email) = &customer.email {
            self.by_email.insert((shop, fold_email(email).as_str()), id)?;
        }
        if let Some(phone_number) = &customer.phone_number {
            self.by_phone_number.insert((shop, fold_phone_number(phone_number).as_str(), id), ())?;
        }
        Ok(())
    }

    /// Replaces a customer.
    pub(crate) fn replace(&mut self, before: &Customer, after: &Customer) -> anyhow::Result<()> {
        self.remove(before)?;
        self.add(after)
    }

    /// Whether a customer has the number, or had it before a merge.
    pub(crate) fn is_taken(&self, shop: ShopId, id: CustomerId) -> anyhow::Result<bool> {
        let number = (shop.get(), id.get());
        Ok(self.customers.get(number)?.is_some() || self.merged.get(number)?.is_some())
    }

    /// Removes a customer who is merged into another.
    pub(crate) fn merge(&mut self, from: &Customer, into: CustomerId) -> anyhow::Result<()> {
        self.erase(from)?;
        for number in self.merged_into(from.shop_id, from.id)?.into_iter().chain([from.id]) {
            self.note_merged(from.shop_id, number, into)?;
        }
        Ok(())
    }

    /// Notes that a number belonged to a customer who was merged into another.
    pub(crate) fn note_merged(
        &mut self,
        shop: ShopId,
        id: CustomerId,
        into: CustomerId,
    ) -> anyhow::Result<()> {
        self.merged.insert((shop.get(), id.get()), into.get())?;
        note(&mut self.used_numbers, shop, id.get())
    }

    /// Returns the numbers of the customers who were merged into this one.
    pub(crate) fn merged_into(&self, shop: ShopId, id: CustomerId) -> anyhow::Result<Vec<CustomerId>> {
        let mut numbers = Vec::new();
        for entry in self.merged.range(all_of(shop))? {
            let (number, into) = entry?;
            if into.value() == id.get() {
                let number = CustomerId::new(number.value().1);
                numbers.push(number.context("a stored customer number is out of range")?);
            }
        }
        Ok(numbers)
    }

    /// Forgets that these customers were merged into another.
    pub(crate) fn forget_merged(&mut self, shop: ShopId, numbers: &[CustomerId]) -> anyhow::Result<()> {
        for number in numbers {
            self.merged.remove((shop.get(), number.get()))?;
        }
        Ok(())
    }

    /// Erases a customer. Its number is not assigned again.
    pub(crate) fn erase(&mut self, customer: &Customer) -> anyhow::Result<()> {
        self.remove(customer)?;
        note(&mut self.used_numbers, customer.shop_id, customer.id.get())
    }

    fn remove(&mut self, customer: &Customer) -> anyhow::Result<()> {
        let (shop, id) = (customer.shop_id.get(), customer.id.get());
        self.customers.remove((shop, id))?;
        if let Some(email) = &customer.email {
            self.by_email.remove((shop, fold_email(email).as_str()))?;
        }
        if let Some(phone_number) = &customer.phone_number {
            self.by_phone_number.remove((shop, fold_phone_number(phone_number).as_str(), id))?;
        }
        Ok(())
    }
}
