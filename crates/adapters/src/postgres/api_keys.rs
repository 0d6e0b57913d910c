use async_trait::async_trait;
use diesel::dsl::max;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    ApiKey, ApiKeySnapshot, ApiKeyStore, AuditStamp, DeferredClaim, EventKind, IdempotentOutcome, KeyNumber,
    NewApiKey, Page, PageSize, Shop, ShopId, Snapshot, StorageError, UserId,
};

use super::errors::{Effect, Failure, count_from};
use super::events::append::append;
use super::idempotency::attempt;
use super::shops::lock_numbering;
use super::{PostgresStorage, pages};
use crate::sql::api_keys::ApiKeyRow;
use crate::sql::events::NewEventRow;
use crate::sql::page;
use crate::sql::schema::{api_keys, shops, users};
use crate::sql::shops::ShopRow;
use crate::sql::types::StoredTimestamp;

#[async_trait]
impl ApiKeyStore for PostgresStorage {
    async fn create_key(
        &self,
        shop: ShopId,
        key: NewApiKey,
        claim: Option<DeferredClaim<CreateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<CreateKeyOutcome>, StorageError> {
        self.connections
            .run("create_key", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection| {
                    create(connection, shop, &key).await
                })
                .await
            })
            .await
    }

    async fn find_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
    ) -> Result<Option<(ApiKey, Shop)>, StorageError> {
        self.connections
            .run("find_key", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let rows: Option<(ApiKeyRow, ShopRow)> = api_keys::table
                    .inner_join(shops::table.on(shops::id.eq(api_keys::shop_id)))
                    .filter(api_keys::shop_id.eq(shop.get()).and(api_keys::number.eq(number.get())))
                    .select((ApiKeyRow::as_select(), ShopRow::as_select()))
                    .get_result(connection)
                    .await
                    .optional()?;
                let Some((key, shop)) = rows else { return Ok(None) };
                Ok(Some((key.try_into()?, shop.try_into()?)))
            })
            .await
    }

    async fn list_keys(
        &self,
        shop: ShopId,
        after: Option<KeyNumber>,
        size: PageSize,
    ) -> Result<Page<ApiKey, KeyNumber>, StorageError> {
        self.connections
            .run("list_keys", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let mut list = api_keys::table
                    .filter(api_keys::shop_id.eq(shop.get()))
                    .order(api_keys::number)
                    .select(ApiKeyRow::as_select())
                    .limit(page::rows_to_ask_for(size))
                    .into_boxed::<Pg>();
                if let Some(number) = after {
                    list = list.filter(api_keys::number.gt(number.get()));
                }
                let rows = list.load_stream::<ApiKeyRow>(connection).await?;
                pages::read(rows, size, |row| ApiKey::try_from(row).map(|key| (key.number, key))).await
            })
            .await
    }

    async fn count_keys(&self, shop: ShopId) -> Result<u64, StorageError> {
        self.connections
            .run("count_keys", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let of_shop = api_keys::table.filter(api_keys::shop_id.eq(shop.get()));
                count_from::<i64>(of_shop.count().get_result(connection).await?)
            })
            .await
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        stamp: AuditStamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        self.connections
            .run("revoke_key", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection.transaction(async |connection| revoke(connection, shop, number, stamp).await).await
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
        self.connections
            .run("rotate_key", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection| {
                    rotate(connection, shop, number, rotation).await
                })
                .await
            })
            .await
    }
}

/// Adds a key. Must run in a transaction.
async fn create(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    key: &NewApiKey,
) -> Result<CreateKeyOutcome, Failure> {
    lock_numbering(connection, shop).await?;
    if let Some(user) = key.user_id
        && !lock_active_user(connection, shop, user).await?
    {
        return Ok(CreateKeyOutcome::UserNotFound);
    }
    let created = insert(connection, shop, key).await?;
    append(connection, [event(EventKind::ApiKeyCreated, &created, key.stamp)?]).await?;
    Ok(CreateKeyOutcome::Created(created))
}

/// Replaces a key. Must run in a transaction.
async fn rotate(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    number: KeyNumber,
    rotation: KeyRotation,
) -> Result<RotateKeyOutcome, Failure> {
    let KeyRotation { secret_hash, expires_at, stamp, old_ends_at } = rotation;
    lock_numbering(connection, shop).await?;
    let old = find(connection, shop, number).await?;
    if let Some(user) = old.as_ref().and_then(|key| key.user_id)
        && !lock_active_user(connection, shop, user).await?
    {
        return Ok(RotateKeyOutcome::NotLive);
    }
    // Again, because the key may have been revoked meanwhile. Locked, so that it is not revoked until
    // the transaction ends.
    let row: Option<ApiKeyRow> = api_keys::table
        .find((shop.get(), number.get()))
        .select(ApiKeyRow::as_select())
        .for_no_key_update()
        .get_result(connection)
        .await
        .optional()?;
    let old: Option<ApiKey> = row.map(TryInto::try_into).transpose()?;
    let Some(old) = old.filter(|key| key.is_live(stamp.time)) else {
        return Ok(RotateKeyOutcome::NotLive);
    };
    let ends_at = old.expires_at.map_or(old_ends_at, |end| end.min(old_ends_at));
    let old: ApiKey = diesel::update(api_keys::table.find((shop.get(), number.get())))
        .set(api_keys::expires_at.eq(StoredTimestamp(ends_at)))
        .returning(ApiKeyRow::as_select())
        .get_result(connection)
        .await?
        .try_into()?;
    let rotated = event(EventKind::ApiKeyRotated, &old, stamp)?;
    let new = NewApiKey { secret_hash, scopes: old.scopes, user_id: old.user_id, stamp, expires_at };
    let new = insert(connection, shop, &new).await?;
    append(connection, [rotated, event(EventKind::ApiKeyCreated, &new, stamp)?]).await?;
    Ok(RotateKeyOutcome::Rotated(new))
}

/// Revokes a key unless it is revoked, and returns it. Must run in a transaction.
async fn revoke(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    number: KeyNumber,
    stamp: AuditStamp,
) -> Result<Option<ApiKey>, Failure> {
    let unrevoked = api_keys::table.find((shop.get(), number.get())).filter(api_keys::revoked_at.is_null());
    let revoked = diesel::update(unrevoked)
        .set(api_keys::revoked_at.eq(StoredTimestamp(stamp.time)))
        .returning(ApiKeyRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    let Some(revoked) = revoked else { return find(connection, shop, number).await };
    let key = revoked.try_into()?;
    append(connection, [event(EventKind::ApiKeyRevoked, &key, stamp)?]).await?;
    Ok(Some(key))
}

/// Whether this is an active user of the shop. Locks the user until the transaction ends: a
/// deactivation waits, and then revokes the new key too.
async fn lock_active_user(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    user: UserId,
) -> QueryResult<bool> {
    let found: Option<i64> = users::table
        .find((shop.get(), user.get()))
        .filter(users::deactivated_at.is_null())
        .select(users::id)
        .for_share()
        .get_result(connection)
        .await
        .optional()?;
    Ok(found.is_some())
}

/// Adds a key with the next number, for which the transaction holds [`lock_numbering`].
async fn insert(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    key: &NewApiKey,
) -> Result<ApiKey, Failure> {
    let last: Option<i64> = api_keys::table
        .filter(api_keys::shop_id.eq(shop.get()))
        .select(max(api_keys::number))
        .get_result(connection)
        .await?;
    let inserted = diesel::insert_into(api_keys::table)
        .values(ApiKeyRow::new(shop, last.unwrap_or(0) + 1, key))
        .returning(ApiKeyRow::as_select())
        .get_result(connection)
        .await?;
    Ok(inserted.try_into()?)
}

fn event(kind: EventKind, key: &ApiKey, stamp: AuditStamp) -> Result<NewEventRow, serde_json::Error> {
    let snapshot = Snapshot::ApiKey(Box::new(ApiKeySnapshot::from(key)));
    NewEventRow::new(key.shop_id, kind, snapshot, stamp)
}

async fn find(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    number: KeyNumber,
) -> Result<Option<ApiKey>, Failure> {
    let row = api_keys::table
        .find((shop.get(), number.get()))
        .select(ApiKeyRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}
