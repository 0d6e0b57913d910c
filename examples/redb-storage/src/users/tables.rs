//! Writes users together with their indexes.

use anyhow::Context;
use hexdesk_domain::{ShopId, User, UserId, fold_email};
use redb::{ReadableTable, Table, TableError, WriteTransaction};

use crate::encoding::{find, put};
use crate::numbers::{next_number, noted};
use crate::tables::{Json, NumberInShop, TextInShop, USED_USER_NUMBERS, USER_BY_EMAIL, USERS};

/// The users and their index. Only this type writes them, so every write updates the index.
pub(crate) struct UserTables<'transaction> {
    users: Table<'transaction, NumberInShop, Json>,
    by_email: Table<'transaction, TextInShop, i64>,
    used_numbers: Table<'transaction, i64, i64>,
}

impl<'transaction> UserTables<'transaction> {
    pub(crate) fn open(transaction: &'transaction WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            users: transaction.open_table(USERS)?,
            by_email: transaction.open_table(USER_BY_EMAIL)?,
            used_numbers: transaction.open_table(USED_USER_NUMBERS)?,
        })
    }

    /// Returns the shop's user with this number.
    pub(crate) fn find(&self, shop: ShopId, id: UserId) -> anyhow::Result<Option<User>> {
        find(&self.users, shop, id.get())
    }

    /// Returns the shop's user with this e-mail address, compared without case.
    pub(crate) fn find_by_email(&self, shop: ShopId, email: &str) -> anyhow::Result<Option<User>> {
        let Some(number) = self.by_email.get((shop.get(), fold_email(email).as_str()))? else {
            return Ok(None);
        };
        let id = UserId::new(number.value()).context("a stored user number is out of range")?;
        Ok(Some(self.find(shop, id)?.context("an indexed user is missing")?))
    }

    /// Returns the number of the shop's next user.
    pub(crate) fn next_id(&self, shop: ShopId) -> anyhow::Result<UserId> {
        let noted = noted(&self.used_numbers, shop)?;
        UserId::new(next_number(&self.users, shop, noted)?).context("no user number is left")
    }

    /// Adds a user. Its number and e-mail address must be free.
    pub(crate) fn add(&mut self, user: &User) -> anyhow::Result<()> {
        let (shop, id) = (user.shop_id.get(), user.id.get());
        put(&mut self.users, user.shop_id, id, user)?;
        self.by_email.insert((shop, fold_email(&user.email).as_str()), id)?;
        Ok(())
    }

    /// Replaces a user.
    pub(crate) fn replace(&mut self, before: &User, after: &User) -> anyhow::Result<()> {
        self.by_email.remove((before.shop_id.get(), fold_email(&before.email).as_str()))?;
        self.add(after)
    }
}
