use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, Attempt, KeyNumber, NewApiKey, Once, Page, Shop, ShopId, StorageError, Timestamp,
};

use super::SqliteStorage;
use super::counters::{Counted, next_number};
use crate::rows::{ApiKeyRow, ShopRow};
use crate::schema::{api_keys, shops};
use crate::sql_types::StoredTimestamp;

fn find(
    connection: &mut SqliteConnection,
    shop: ShopId,
    number: KeyNumber,
) -> anyhow::Result<Option<ApiKey>> {
    let row = api_keys::table
        .find((shop.get(), number.get()))
        .select(ApiKeyRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

fn create(connection: &mut SqliteConnection, shop: ShopId, key: &NewApiKey) -> anyhow::Result<ApiKey> {
    let number = next_number(connection, shop, Counted::ApiKeys)?;
    let row = diesel::insert_into(api_keys::table)
        .values(ApiKeyRow::new(shop, number, key))
        .returning(ApiKeyRow::as_returning())
        .get_result(connection)?;
    Ok(row.try_into()?)
}

#[async_trait]
impl ApiKeyStore for SqliteStorage {
    async fn create_key(
        &self,
        shop: ShopId,
        key: NewApiKey,
        _once: Option<Once<CreateKeyOutcome>>,
    ) -> Result<Attempt<CreateKeyOutcome>, StorageError> {
        self.write("create_key", move |connection| create(connection, shop, &key))
            .await
            .map(|key| Attempt::Ran(CreateKeyOutcome::Created(key)))
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
                .first(connection)
                .optional()?;
            row.map(|(key, shop)| Ok((key.try_into()?, shop.try_into()?))).transpose()
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
        self.read("list_keys", move |connection| {
            let rows = api_keys::table
                .filter(api_keys::shop_id.eq(shop.get()))
                .order(api_keys::number)
                .select(ApiKeyRow::as_select())
                .load(connection)?;
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
        self.write("revoke_key", move |connection| {
            diesel::update(api_keys::table.find((shop.get(), number.get())))
                .filter(api_keys::revoked_at.is_null())
                .set(api_keys::revoked_at.eq(StoredTimestamp(now)))
                .execute(connection)?;
            find(connection, shop, number)
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
        self.write("rotate_key", move |connection| {
            let Some(old) = find(connection, shop, number)?.filter(|key| key.is_live(now)) else {
                return Ok(RotateKeyOutcome::NotLive);
            };
            let ends_at = old.expires_at.map_or(old_ends_at, |expiry| expiry.min(old_ends_at));
            diesel::update(api_keys::table.find((shop.get(), number.get())))
                .set(api_keys::expires_at.eq(StoredTimestamp(ends_at)))
                .execute(connection)?;
            let new = NewApiKey {
                secret_hash,
                scopes: old.scopes,
                user_id: old.user_id,
                created_at: now,
                expires_at: None,
            };
            Ok(RotateKeyOutcome::Rotated(create(connection, shop, &new)?))
        })
        .await
        .map(Attempt::Ran)
    }
}
