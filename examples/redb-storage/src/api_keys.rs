use anyhow::Context;
use async_trait::async_trait;
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, AuditStamp, DeferredClaim, IdempotentOutcome, KeyNumber, NewApiKey, NewEvent, Page,
    PageSize, Shop, ShopId, StorageError, Timestamp, UserId,
};
use redb::{ReadableTable, Table, WriteTransaction};

use crate::encoding::{decode, find, put};
use crate::events::EventLog;
use crate::numbers::{count_of, next_number};
use crate::tables::{API_KEYS, IDEMPOTENCY_RECORDS, Json, NumberInShop, SHOPS, USERS, all_after};
use crate::{RedbStorage, idempotency, shops, users};

#[async_trait]
impl ApiKeyStore for RedbStorage {
    async fn create_key(
        &self,
        shop: ShopId,
        key: NewApiKey,
        claim: Option<DeferredClaim<CreateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<CreateKeyOutcome>, StorageError> {
        self.write("create_key", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            idempotency::run(&mut records, shop, claim, || create(transaction, shop, key))
        })
        .await
    }

    async fn find_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
    ) -> Result<Option<(ApiKey, Shop)>, StorageError> {
        self.read("find_key", move |transaction| {
            let Some(key) = find(&transaction.open_table(API_KEYS)?, shop, number.get())? else {
                return Ok(None);
            };
            let shop =
                shops::find(&transaction.open_table(SHOPS)?, shop)?.context("a key's shop is missing")?;
            Ok(Some((key, shop)))
        })
        .await
    }

    async fn list_keys(
        &self,
        shop: ShopId,
        after: Option<KeyNumber>,
        size: PageSize,
    ) -> Result<Page<ApiKey, KeyNumber>, StorageError> {
        self.read("list_keys", move |transaction| {
            let keys = transaction.open_table(API_KEYS)?;
            Page::try_from_list(list(&keys, shop, after)?, size, |key| key.number)
        })
        .await
    }

    async fn count_keys(&self, shop: ShopId) -> Result<u64, StorageError> {
        self.read("count_keys", move |transaction| {
            count_of(list(&transaction.open_table(API_KEYS)?, shop, None)?)
        })
        .await
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        stamp: AuditStamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        self.write("revoke_key", move |transaction| {
            let mut keys = transaction.open_table(API_KEYS)?;
            let Some(mut key) = find(&keys, shop, number.get())? else { return Ok(None) };
            if let Some(event) = revoke(&mut keys, &mut key, stamp.time)? {
                EventLog::open(transaction)?.append(shop, stamp, [event])?;
            }
            Ok(Some(key))
        })
        .await
    }

    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        rotation: KeyRotation,
        claim: Option<DeferredClaim<RotateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<RotateKeyOutcome>, StorageError> {
        self.write("rotate_key", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            idempotency::run(&mut records, shop, claim, || rotate(transaction, shop, number, rotation))
        })
        .await
    }
}

fn create(transaction: &WriteTransaction, shop: ShopId, key: NewApiKey) -> anyhow::Result<CreateKeyOutcome> {
    shops::require(transaction, shop)?;
    if let Some(user) = key.user_id
        && !users::is_active(&transaction.open_table(USERS)?, shop, user)?
    {
        return Ok(CreateKeyOutcome::UserNotFound);
    }
    let stamp = key.stamp;
    let created = add(&mut transaction.open_table(API_KEYS)?, shop, key)?;
    EventLog::open(transaction)?.append(shop, stamp, [NewEvent::api_key_created(&created)])?;
    Ok(CreateKeyOutcome::Created(created))
}

fn rotate(
    transaction: &WriteTransaction,
    shop: ShopId,
    number: KeyNumber,
    rotation: KeyRotation,
) -> anyhow::Result<RotateKeyOutcome> {
    let KeyRotation { secret_hash, expires_at, stamp, old_ends_at } = rotation;
    let mut keys = transaction.open_table(API_KEYS)?;
    let Some(mut old) = find(&keys, shop, number.get())?.filter(|key: &ApiKey| key.is_live(stamp.time))
    else {
        return Ok(RotateKeyOutcome::NotLive);
    };
    old.expire_by(old_ends_at);
    put(&mut keys, shop, number.get(), &old)?;
    let rotated = NewEvent::api_key_rotated(&old);
    let ApiKey { scopes, user_id, .. } = old;
    let new = NewApiKey { secret_hash, scopes, user_id, stamp, expires_at };
    let new = add(&mut keys, shop, new)?;
    let created = NewEvent::api_key_created(&new);
    EventLog::open(transaction)?.append(shop, stamp, [rotated, created])?;
    Ok(RotateKeyOutcome::Rotated(new))
}

/// Revokes every key that writes in this user's name and is not revoked yet. Returns the events.
pub(crate) fn revoke_all_of(
    transaction: &WriteTransaction,
    shop: ShopId,
    user: UserId,
    now: Timestamp,
) -> anyhow::Result<Vec<NewEvent>> {
    let mut keys = transaction.open_table(API_KEYS)?;
    let all: Vec<ApiKey> = list(&keys, shop, None)?.collect::<Result<_, _>>()?;
    let of_user = all.into_iter().filter(|key| key.user_id == Some(user));
    of_user.filter_map(|mut key| revoke(&mut keys, &mut key, now).transpose()).collect()
}

/// Returns the shop's keys after this one.
fn list(
    keys: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    after: Option<KeyNumber>,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<ApiKey>>> {
    Ok(keys.range(all_after(shop, after.map_or(0, KeyNumber::get)))?.map(move |entry| {
        let (_, stored) = entry?;
        decode(stored.value())
    }))
}

/// Adds a key under the shop's next number.
fn add(keys: &mut Table<'_, NumberInShop, Json>, shop: ShopId, new: NewApiKey) -> anyhow::Result<ApiKey> {
    let number = KeyNumber::new(next_number(keys, shop, 0)?).context("no key number is left")?;
    let key = new.into_key(shop, number);
    put(keys, shop, number.get(), &key)?;
    Ok(key)
}

/// Revokes a key and returns the event. Returns `None` if the key is already revoked.
fn revoke(
    keys: &mut Table<'_, NumberInShop, Json>,
    key: &mut ApiKey,
    now: Timestamp,
) -> anyhow::Result<Option<NewEvent>> {
    if !key.revoke(now) {
        return Ok(None);
    }
    put(keys, key.shop_id, key.number.get(), key)?;
    Ok(Some(NewEvent::api_key_revoked(key)))
}
