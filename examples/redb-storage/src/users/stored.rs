//! The stored form of a user.

use anyhow::Context;
use hexdesk_domain::{ShopId, Timestamp, User, UserId};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use crate::encoding::{decode, optional_timestamp, timestamp};
use crate::tables::{Json, NumberInShop};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredUser {
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    created_at: i64,
    deactivated_at: Option<i64>,
}

impl StoredUser {
    pub(crate) fn of(user: User) -> Self {
        Self {
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            full_name: user.full_name,
            created_at: user.created_at.unix_millis(),
            deactivated_at: user.deactivated_at.map(Timestamp::unix_millis),
        }
    }

    pub(crate) fn into_user(self, shop_id: ShopId, id: UserId) -> anyhow::Result<User> {
        Ok(User {
            id,
            shop_id,
            email: self.email,
            first_name: self.first_name,
            last_name: self.last_name,
            full_name: self.full_name,
            created_at: timestamp(self.created_at)?,
            deactivated_at: optional_timestamp(self.deactivated_at)?,
        })
    }
}

/// Decodes the user stored under this number of the shop.
pub(super) fn user(shop: ShopId, number: i64, stored: &[u8]) -> anyhow::Result<User> {
    let id = UserId::new(number).context("a stored user number is out of range")?;
    decode::<StoredUser>(stored)?.into_user(shop, id)
}

/// Returns the shop's user with this number.
pub(crate) fn find(
    users: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    id: UserId,
) -> anyhow::Result<Option<User>> {
    users.get((shop.get(), id.get()))?.map(|stored| user(shop, id.get(), stored.value())).transpose()
}
