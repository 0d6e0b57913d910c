//! A key as it is stored.

use anyhow::Context;
use hexdesk_domain::{ApiKey, KeyNumber, Scope, SecretHash, ShopId, Timestamp, UserId};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use crate::encoding::{decode, optional_timestamp, timestamp};
use crate::tables::{Json, NumberInShop};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredApiKey {
    secret_hash: [u8; 32],
    scopes: Vec<String>,
    user_id: Option<i64>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl StoredApiKey {
    pub(super) fn of(key: &ApiKey) -> Self {
        Self {
            secret_hash: key.secret_hash.0,
            scopes: key.scopes.iter().map(Scope::to_string).collect(),
            user_id: key.user_id.map(UserId::get),
            created_at: key.created_at.unix_millis(),
            expires_at: key.expires_at.map(Timestamp::unix_millis),
            revoked_at: key.revoked_at.map(Timestamp::unix_millis),
        }
    }

    fn into_key(self, shop_id: ShopId, number: KeyNumber) -> anyhow::Result<ApiKey> {
        let user = |number| UserId::new(number).context("a stored user number is out of range");
        let scopes = self.scopes.iter().map(|name| name.parse()).collect::<Result<_, _>>();
        Ok(ApiKey {
            shop_id,
            number,
            secret_hash: SecretHash(self.secret_hash),
            scopes: scopes.context("a stored scope is none")?,
            user_id: self.user_id.map(user).transpose()?,
            created_at: timestamp(self.created_at)?,
            expires_at: optional_timestamp(self.expires_at)?,
            revoked_at: optional_timestamp(self.revoked_at)?,
        })
    }
}

/// The key that the table has under this number of the shop.
pub(super) fn key(shop: ShopId, number: i64, stored: &[u8]) -> anyhow::Result<ApiKey> {
    let number = KeyNumber::new(number).context("a stored key number is out of range")?;
    decode::<StoredApiKey>(stored)?.into_key(shop, number)
}

/// The shop's key of this number.
pub(super) fn find(
    keys: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    number: KeyNumber,
) -> anyhow::Result<Option<ApiKey>> {
    keys.get((shop.get(), number.get()))?.map(|stored| key(shop, number.get(), stored.value())).transpose()
}
