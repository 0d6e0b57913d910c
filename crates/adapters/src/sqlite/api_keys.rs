use async_trait::async_trait;
use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, AuditStamp, DeferredClaim, EventKind, IdempotentOutcome, KeyNumber, NewApiKey, Page,
    PageSize, Shop, ShopId, Snapshot, StorageError, UserId,
};

use super::counters::{Counted, next_number};
use super::events::append::EventLog;
use super::idempotency::attempt;
use super::users::active::is_active_user_if_any;
use super::{SqliteStorage, pages};
use crate::sql::api_keys::ApiKeyRow;
use crate::sql::schema::{api_keys, shops};
use crate::sql::shops::ShopRow;
use crate::sql::types::StoredTimestamp;

fn find(
    connection: &mut SqliteConnection,
    shop: ShopId,
    number: KeyNumber,
) -> anyhow::Result<Option<ApiKey>> {
    let row = api_keys::table
        .find((shop.get(), number.get()))
        .select(ApiKeyRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

fn create(
    connection: &mut SqliteConnection,
    log: &mut EventLog,
    shop: ShopId,
    key: &NewApiKey,
) -> anyhow::Result<ApiKey> {
    let number = next_number(connection, shop, Counted::ApiKeys)?;
    let row = diesel::insert_into(api_keys::table)
        .values(ApiKeyRow::new(shop, number, key))
        .returning(ApiKeyRow::as_returning())
        .get_result(connection)?;
    let created = row.try_into()?;
    log.append(connection, shop, EventKind::ApiKeyCreated, snapshot(&created), key.stamp)?;
    Ok(created)
}

fn snapshot(key: &ApiKey) -> Snapshot {
    Snapshot::ApiKey(Box::new(key.into()))
}

/// Creates a key, unless its user is not an active user of the shop.
fn create_checked(
    connection: &mut SqliteConnection,
    shop: ShopId,
    key: &NewApiKey,
) -> anyhow::Result<CreateKeyOutcome> {
    if !is_active_user_if_any(connection, shop, key.user_id)? {
        return Ok(CreateKeyOutcome::UserNotFound);
    }
    create(connection, &mut EventLog::default(), shop, key).map(CreateKeyOutcome::Created)
}

/// Replaces a live key.
fn rotate(
    connection: &mut SqliteConnection,
    shop: ShopId,
    number: KeyNumber,
    rotation: KeyRotation,
) -> anyhow::Result<RotateKeyOutcome> {
    let KeyRotation { secret_hash, expires_at, stamp, old_ends_at } = rotation;
    let Some(old) = find(connection, shop, number)?.filter(|key| key.is_live(stamp.time)) else {
        return Ok(RotateKeyOutcome::NotLive);
    };
    let ends_at = old.expires_at.map_or(old_ends_at, |expiry| expiry.min(old_ends_at));
    let row = diesel::update(api_keys::table.find((shop.get(), number.get())))
        .set(api_keys::expires_at.eq(StoredTimestamp(ends_at)))
        .returning(ApiKeyRow::as_returning())
        .get_result(connection)?;
    let old: ApiKey = row.try_into()?;
    let mut log = EventLog::default();
    log.append(connection, shop, EventKind::ApiKeyRotated, snapshot(&old), stamp)?;
    let new = NewApiKey { secret_hash, scopes: old.scopes, user_id: old.user_id, stamp, expires_at };
    create(connection, &mut log, shop, &new).map(RotateKeyOutcome::Rotated)
}

/// Revokes every unrevoked key of the user.
pub(super) fn revoke_keys_of_user(
    connection: &mut SqliteConnection,
    log: &mut EventLog,
    shop: ShopId,
    user: UserId,
    stamp: AuditStamp,
) -> anyhow::Result<()> {
    let revoked = diesel::update(api_keys::table)
        .filter(api_keys::shop_id.eq(shop.get()).and(api_keys::user_id.eq(user.get())))
        .filter(api_keys::revoked_at.is_null())
        .set(api_keys::revoked_at.eq(StoredTimestamp(stamp.time)))
        .returning(ApiKeyRow::as_returning())
        .load(connection)?;
    for row in revoked {
        log.append(connection, shop, EventKind::ApiKeyRevoked, snapshot(&row.try_into()?), stamp)?;
    }
    Ok(())
}

#[async_trait]
impl ApiKeyStore for SqliteStorage {
    async fn create_key(
        &self,
        shop: ShopId,
        key: NewApiKey,
        claim: Option<DeferredClaim<CreateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<CreateKeyOutcome>, StorageError> {
        self.write("create_key", move |connection| {
            attempt(connection, shop, claim.as_ref(), |connection| create_checked(connection, shop, &key))
        })
        .await
    }

    async fn find_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
    ) -> Result<Option<(ApiKey, Shop)>, StorageError> {
        self.read("find_key", move |connection| {
            let row: Option<(ApiKeyRow, ShopRow)> = api_keys::table
                .find((shop.get(), number.get()))
                .inner_join(shops::table.on(shops::id.eq(api_keys::shop_id)))
                .select((ApiKeyRow::as_select(), ShopRow::as_select()))
                .get_result(connection)
                .optional()?;
            row.map(|(key, shop)| Ok((key.try_into()?, shop.try_into()?))).transpose()
        })
        .await
    }

    async fn list_keys(
        &self,
        shop: ShopId,
        after: Option<KeyNumber>,
        size: PageSize,
    ) -> Result<Page<ApiKey, KeyNumber>, StorageError> {
        self.read("list_keys", move |connection| {
            let mut list = api_keys::table
                .filter(api_keys::shop_id.eq(shop.get()))
                .order(api_keys::number)
                .select(ApiKeyRow::as_select())
                .into_boxed::<Sqlite>();
            if let Some(after) = after {
                list = list.filter(api_keys::number.gt(after.get()));
            }
            let rows = pages::page_of(list, size).load_iter::<ApiKeyRow, DefaultLoadingMode>(connection)?;
            pages::read(rows, size, |row| ApiKey::try_from(row).map(|key| (key.number, key)))
        })
        .await
    }

    async fn count_keys(&self, shop: ShopId) -> Result<u64, StorageError> {
        self.read("count_keys", move |connection| {
            let count: i64 =
                api_keys::table.filter(api_keys::shop_id.eq(shop.get())).count().get_result(connection)?;
            Ok(u64::try_from(count)?)
        })
        .await
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        stamp: AuditStamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        self.write("revoke_key", move |connection| {
            let revoked = diesel::update(api_keys::table.find((shop.get(), number.get())))
                .filter(api_keys::revoked_at.is_null())
                .set(api_keys::revoked_at.eq(StoredTimestamp(stamp.time)))
                .returning(ApiKeyRow::as_returning())
                .get_result(connection)
                .optional()?;
            let Some(row) = revoked else { return find(connection, shop, number) };
            let key = row.try_into()?;
            EventLog::default().append(connection, shop, EventKind::ApiKeyRevoked, snapshot(&key), stamp)?;
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
        self.write("rotate_key", move |connection| {
            attempt(connection, shop, claim.as_ref(), |connection| rotate(connection, shop, number, rotation))
        })
        .await
    }
}
