use async_trait::async_trait;
use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, Attempt, KeyNumber, NewApiKey, Once, Page, Shop, ShopId, StorageError, Timestamp,
};

use super::PostgresStorage;
use super::errors::{Effect, Failure};
use crate::rows::{ApiKeyRow, ShopRow};
use crate::schema::{api_keys, shops};
use crate::sql_types::StoredTimestamp;

#[async_trait]
impl ApiKeyStore for PostgresStorage {
    async fn create_key(
        &self,
        shop: ShopId,
        key: NewApiKey,
        _once: Option<Once<CreateKeyOutcome>>,
    ) -> Result<Attempt<CreateKeyOutcome>, StorageError> {
        self.connections
            .run("create_key", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection.transaction(async |connection| insert(connection, shop, &key).await).await
            })
            .await
            .map(|key| Attempt::Ran(CreateKeyOutcome::Created(key)))
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

    async fn count_keys(&self, _: ShopId) -> Result<u64, StorageError> {
        todo!()
    }
    async fn list_keys(
        &self,
        shop: ShopId,
        _after: Option<KeyNumber>,
        _limit: u32,
    ) -> Result<Page<ApiKey, KeyNumber>, StorageError> {
        self.connections
            .run("list_keys", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let rows = api_keys::table
                    .filter(api_keys::shop_id.eq(shop.get()))
                    .order(api_keys::number)
                    .select(ApiKeyRow::as_select())
                    .load(connection)
                    .await?;
                Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?)
            })
            .await
            .map(|entries| Page { entries, next: None })
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        now: Timestamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        self.connections
            .run("revoke_key", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                let unrevoked =
                    api_keys::table.find((shop.get(), number.get())).filter(api_keys::revoked_at.is_null());
                diesel::update(unrevoked)
                    .set(api_keys::revoked_at.eq(StoredTimestamp(now)))
                    .execute(connection)
                    .await?;
                find(connection, shop, number).await
            })
            .await
    }

    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        rotation: KeyRotation,
        _once: Option<Once<RotateKeyOutcome>>,
    ) -> Result<Attempt<RotateKeyOutcome>, StorageError> {
        let KeyRotation { secret_hash, expires_at: _, rotated_at: now, old_ends_at } = rotation;
        self.connections
            .run("rotate_key", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| {
                        lock(connection, shop).await?;
                        let old = find(connection, shop, number).await?;
                        let Some(old) = old.filter(|key| key.is_live(now)) else {
                            return Ok(RotateKeyOutcome::NotLive);
                        };
                        let ends_at = old.expires_at.map_or(old_ends_at, |end| end.min(old_ends_at));
                        diesel::update(api_keys::table.find((shop.get(), number.get())))
                            .set(api_keys::expires_at.eq(StoredTimestamp(ends_at)))
                            .execute(connection)
                            .await?;
                        let new = NewApiKey {
                            secret_hash,
                            scopes: old.scopes,
                            user_id: old.user_id,
                            created_at: now,
                            expires_at: None,
                        };
                        Ok(RotateKeyOutcome::Rotated(insert(connection, shop, &new).await?))
                    })
                    .await
            })
            .await
            .map(Attempt::Ran)
    }
}

/// Keeps the shop's keys to this transaction until it ends.
async fn lock(connection: &mut AsyncPgConnection, shop: ShopId) -> Result<(), Failure> {
    let found: Option<i64> = shops::table
        .find(shop.get())
        .select(shops::id)
        .for_no_key_update()
        .get_result(connection)
        .await
        .optional()?;
    found.map(|_| ()).ok_or(Failure::Surprise("there is no such shop"))
}

/// Adds a key with the next number. Must run in a transaction.
async fn insert(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    key: &NewApiKey,
) -> Result<ApiKey, Failure> {
    lock(connection, shop).await?;
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
