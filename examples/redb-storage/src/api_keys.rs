use anyhow::Context;
use async_trait::async_trait;
use hexdesk_domain::ports::RotateKeyOutcome;
use hexdesk_domain::{
    ApiKey, ApiKeyStore, KeyNumber, NewApiKey, Scope, SecretHash, Shop, ShopId, StorageError, Timestamp,
    UserId,
};
use redb::{ReadableTable, Table};
use serde::{Deserialize, Serialize};

use crate::encoding::{decode, encode, optional_timestamp, timestamp};
use crate::numbers::next_number;
use crate::tables::{API_KEYS, Json, NumberInShop, SHOPS, all_of};
use crate::{RedbStorage, shops, users};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredApiKey {
    secret_hash: [u8; 32],
    scopes: Vec<String>,
    user_id: Option<i64>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl StoredApiKey {
    fn of(key: &ApiKey) -> Self {
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

#[async_trait]
impl ApiKeyStore for RedbStorage {
    async fn create_key(&self, shop: ShopId, key: NewApiKey) -> Result<ApiKey, StorageError> {
        self.write("create_key", move |transaction| {
            shops::require(transaction, shop)?;
            if let Some(user) = key.user_id {
                users::require(transaction, shop, user)?;
            }
            add(&mut transaction.open_table(API_KEYS)?, shop, key)
        })
        .await
    }

    async fn find_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
    ) -> Result<Option<(ApiKey, Shop)>, StorageError> {
        self.read("find_key", move |transaction| {
            let Some(key) = find(&transaction.open_table(API_KEYS)?, shop, number)? else {
                return Ok(None);
            };
            let shop =
                shops::find(&transaction.open_table(SHOPS)?, shop)?.context("a key's shop is missing")?;
            Ok(Some((key, shop)))
        })
        .await
    }

    async fn list_keys(&self, shop: ShopId) -> Result<Vec<ApiKey>, StorageError> {
        self.read("list_keys", move |transaction| {
            let keys = transaction.open_table(API_KEYS)?;
            let mut list = Vec::new();
            for entry in keys.range(all_of(shop))? {
                let (key, stored) = entry?;
                let number = KeyNumber::new(key.value().1).context("a stored key number is out of range")?;
                list.push(decode::<StoredApiKey>(stored.value())?.into_key(shop, number)?);
            }
            Ok(list)
        })
        .await
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        now: Timestamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        self.write("revoke_key", move |transaction| {
            let mut keys = transaction.open_table(API_KEYS)?;
            let Some(mut key) = find(&keys, shop, number)? else { return Ok(None) };
            if key.revoked_at.is_none() {
                key.revoked_at = Some(now);
                put(&mut keys, &key)?;
            }
            Ok(Some(key))
        })
        .await
    }

    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        secret_hash: SecretHash,
        now: Timestamp,
        old_ends_at: Timestamp,
    ) -> Result<RotateKeyOutcome, StorageError> {
        self.write("rotate_key", move |transaction| {
            let mut keys = transaction.open_table(API_KEYS)?;
            let Some(mut old) = find(&keys, shop, number)?.filter(|key| key.is_live(now)) else {
                return Ok(RotateKeyOutcome::NotLive);
            };
            old.expires_at = Some(old.expires_at.map_or(old_ends_at, |end| end.min(old_ends_at)));
            put(&mut keys, &old)?;
            let ApiKey { scopes, user_id, .. } = old;
            let new = NewApiKey { secret_hash, scopes, user_id, created_at: now, expires_at: None };
            Ok(RotateKeyOutcome::Rotated(add(&mut keys, shop, new)?))
        })
        .await
    }
}

/// Adds a key under the shop's next number.
fn add(keys: &mut Table<'_, NumberInShop, Json>, shop: ShopId, new: NewApiKey) -> anyhow::Result<ApiKey> {
    let number = KeyNumber::new(next_number(keys, shop)?).context("no key number is left")?;
    let NewApiKey { secret_hash, scopes, user_id, created_at, expires_at } = new;
    let key = ApiKey {
        shop_id: shop,
        number,
        secret_hash,
        scopes,
        user_id,
        created_at,
        expires_at,
        revoked_at: None,
    };
    put(keys, &key)?;
    Ok(key)
}

/// Writes a key, over what is there under its number.
fn put(keys: &mut Table<'_, NumberInShop, Json>, key: &ApiKey) -> anyhow::Result<()> {
    let stored = encode(&StoredApiKey::of(key))?;
    keys.insert((key.shop_id.get(), key.number.get()), stored.as_slice())?;
    Ok(())
}

fn find(
    keys: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    number: KeyNumber,
) -> anyhow::Result<Option<ApiKey>> {
    match keys.get((shop.get(), number.get()))? {
        Some(stored) => Ok(Some(decode::<StoredApiKey>(stored.value())?.into_key(shop, number)?)),
        None => Ok(None),
    }
}
