//! The stored form of a key.

use anyhow::{Context, ensure};
use hexdesk_domain::{ApiKey, ApiKeySnapshot, KeyNumber, Scope, SecretHash, ShopId, Timestamp, UserId};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use crate::encoding::{decode, optional_timestamp, timestamp};
use crate::tables::{Json, NumberInShop};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredApiKey {
    /// Absent in the snapshots of events.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_hash: Option<[u8; 32]>,
    scopes: Vec<String>,
    user_id: Option<i64>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl StoredApiKey {
    pub(super) fn of(key: &ApiKey) -> Self {
        Self { secret_hash: Some(key.secret_hash.0), ..Self::of_snapshot(&key.into()) }
    }

    pub(crate) fn of_snapshot(key: &ApiKeySnapshot) -> Self {
        let ApiKeySnapshot { number: _, scopes, user_id, created_at, expires_at, revoked_at } = key;
        Self {
            secret_hash: None,
            scopes: scopes.iter().map(Scope::to_string).collect(),
            user_id: user_id.map(UserId::get),
            created_at: created_at.unix_millis(),
            expires_at: expires_at.map(Timestamp::unix_millis),
            revoked_at: revoked_at.map(Timestamp::unix_millis),
        }
    }

    fn into_key(mut self, shop_id: ShopId, number: KeyNumber) -> anyhow::Result<ApiKey> {
        let secret_hash = self.secret_hash.take().context("a stored key has no secret hash")?;
        let ApiKeySnapshot { number, scopes, user_id, created_at, expires_at, revoked_at } =
            self.into_snapshot(number)?;
        let secret_hash = SecretHash(secret_hash);
        Ok(ApiKey { shop_id, number, secret_hash, scopes, user_id, created_at, expires_at, revoked_at })
    }

    pub(crate) fn into_snapshot(self, number: KeyNumber) -> anyhow::Result<ApiKeySnapshot> {
        ensure!(self.secret_hash.is_none(), "a stored snapshot of a key has a secret hash");
        let user = |number| UserId::new(number).context("a stored user number is out of range");
        let scopes = self.scopes.iter().map(|name| name.parse()).collect::<Result<_, _>>();
        Ok(ApiKeySnapshot {
            number,
            scopes: scopes.context("a stored scope is unknown")?,
            user_id: self.user_id.map(user).transpose()?,
            created_at: timestamp(self.created_at)?,
            expires_at: optional_timestamp(self.expires_at)?,
            revoked_at: optional_timestamp(self.revoked_at)?,
        })
    }
}

/// Decodes the key stored under this number of the shop.
pub(super) fn key(shop: ShopId, number: i64, stored: &[u8]) -> anyhow::Result<ApiKey> {
    let number = KeyNumber::new(number).context("a stored key number is out of range")?;
    decode::<StoredApiKey>(stored)?.into_key(shop, number)
}

/// Returns the shop's key with this number.
pub(super) fn find(
    keys: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    number: KeyNumber,
) -> anyhow::Result<Option<ApiKey>> {
    keys.get((shop.get(), number.get()))?.map(|stored| key(shop, number.get(), stored.value())).transpose()
}
