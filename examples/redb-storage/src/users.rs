use anyhow::{Context, ensure};
use async_trait::async_trait;
use hexdesk_domain::ports::CreateUserOutcome;
use hexdesk_domain::{NewUser, ShopId, StorageError, User, UserId, UserStore, fold_email};
use redb::{ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};

use crate::RedbStorage;
use crate::encoding::{decode, encode, timestamp};
use crate::numbers::next_number;
use crate::shops;
use crate::tables::{Json, NumberInShop, USER_BY_EMAIL, USERS};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredUser {
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    created_at: i64,
}

impl StoredUser {
    fn of(new: NewUser) -> Self {
        Self {
            email: new.email,
            first_name: new.first_name,
            last_name: new.last_name,
            full_name: new.full_name,
            created_at: new.created_at.unix_millis(),
        }
    }

    fn into_user(self, shop_id: ShopId, id: UserId) -> anyhow::Result<User> {
        Ok(User {
            id,
            shop_id,
            email: self.email,
            first_name: self.first_name,
            last_name: self.last_name,
            full_name: self.full_name,
            created_at: timestamp(self.created_at)?,
        })
    }
}

#[async_trait]
impl UserStore for RedbStorage {
    async fn create_user(&self, shop: ShopId, user: NewUser) -> Result<CreateUserOutcome, StorageError> {
        self.write("create_user", move |transaction| {
            shops::require(transaction, shop)?;
            let mut users = transaction.open_table(USERS)?;
            let mut by_email = transaction.open_table(USER_BY_EMAIL)?;
            let email = fold_email(&user.email);

            if let Some(number) = by_email.get((shop.get(), email.as_str()))? {
                let id = UserId::new(number.value()).context("a stored user number is out of range")?;
                let user = find(&users, shop, id)?.context("an indexed user is missing")?;
                return Ok(CreateUserOutcome::EmailTaken(user));
            }
            let id = match user.id {
                Some(id) if users.get((shop.get(), id.get()))?.is_some() => {
                    return Ok(CreateUserOutcome::IdTaken);
                }
                Some(id) => id,
                None => UserId::new(next_number(&users, shop)?).context("no user number is left")?,
            };

            let stored = StoredUser::of(user);
            users.insert((shop.get(), id.get()), encode(&stored)?.as_slice())?;
            by_email.insert((shop.get(), email.as_str()), id.get())?;
            Ok(CreateUserOutcome::Created(stored.into_user(shop, id)?))
        })
        .await
    }

    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError> {
        self.read("find_user", move |transaction| find(&transaction.open_table(USERS)?, shop, id)).await
    }
}

/// The shop's user of this number.
pub(crate) fn find(
    users: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    id: UserId,
) -> anyhow::Result<Option<User>> {
    match users.get((shop.get(), id.get()))? {
        Some(stored) => Ok(Some(decode::<StoredUser>(stored.value())?.into_user(shop, id)?)),
        None => Ok(None),
    }
}

/// Fails unless the shop has such a user, as the ports demand of a key that writes for one.
pub(crate) fn require(transaction: &WriteTransaction, shop: ShopId, id: UserId) -> anyhow::Result<()> {
    let is_there = transaction.open_table(USERS)?.get((shop.get(), id.get()))?.is_some();
    ensure!(is_there, "the shop {shop} has no user {id}");
    Ok(())
}
