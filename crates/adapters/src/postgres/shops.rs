use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{
    AuditStamp, EventKind, Shop, ShopChange, ShopDomain, ShopId, ShopStore, Snapshot, StorageError, Timestamp,
};

use super::PostgresStorage;
use super::archive::is_loading;
use super::credentials::lock_all_out;
use super::errors::{Effect, Failure};
use super::events::append::append_one;
use crate::sql::schema::shops;
use crate::sql::shops::ShopRow;
use crate::sql::types::StoredTimestamp;

#[async_trait]
impl ShopStore for PostgresStorage {
    async fn create_shop(
        &self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        let domain = domain.clone();
        self.connections
            .run("create_shop", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                create(connection, &domain, now).await
            })
            .await
    }

    async fn create_shop_from(
        &self,
        domain: &ShopDomain,
        from: ShopId,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        let domain = domain.clone();
        self.connections
            .run("create_shop_from", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                let create = async |connection: &mut AsyncPgConnection| {
                    // No shop is created between the look at the sequence and its change.
                    connection.batch_execute("LOCK TABLE shops IN SHARE ROW EXCLUSIVE MODE").await?;
                    if let Some(shop) = find(connection, &domain).await? {
                        return Ok(CreateShopOutcome::AlreadyExists(shop));
                    }
                    // The next number, if it would be smaller.
                    let next = diesel::sql_query(
                        "SELECT setval('shops_id_seq', $1, false) FROM shops_id_seq WHERE last_value < $1",
                    );
                    next.bind::<BigInt, _>(from.get()).execute(connection).await?;
                    create(connection, &domain, now).await
                };
                connection.transaction(create).await
            })
            .await
    }

    async fn find_shop(&self, domain: &ShopDomain) -> Result<Option<Shop>, StorageError> {
        let domain = domain.clone();
        self.connections
            .run("find_shop", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                find(connection, &domain).await
            })
            .await
    }

    async fn list_shops(&self) -> Result<Vec<Shop>, StorageError> {
        self.connections
            .run("list_shops", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let rows =
                    shops::table.order(shops::id).select(ShopRow::as_select()).load(connection).await?;
                Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn change_shop(
        &self,
        domain: &ShopDomain,
        change: ShopChange,
        stamp: AuditStamp,
    ) -> Result<Option<Shop>, StorageError> {
        let domain = domain.clone();
        self.connections
            .run("change_shop", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| self::change(connection, &domain, change, stamp).await)
                    .await
            })
            .await
    }
}

async fn change(
    connection: &mut AsyncPgConnection,
    domain: &ShopDomain,
    change: ShopChange,
    stamp: AuditStamp,
) -> Result<Option<Shop>, Failure> {
    let row = shops::table
        .filter(shops::domain.eq(domain.as_str()))
        .select(ShopRow::as_select())
        .for_no_key_update()
        .get_result(connection)
        .await
        .optional()?;
    let Some(mut shop) = row.map(Shop::try_from).transpose()? else { return Ok(None) };
    if is_loading(connection, shop.id).await? {
        return Ok(None);
    }
    if let Some(kind) = shop.change(change, stamp.time) {
        diesel::update(shops::table.find(shop.id.get()))
            .set((
                shops::closed_at.eq(shop.closed_at.map(StoredTimestamp)),
                shops::reopen_on_reply.eq(shop.reopen_on_reply),
            ))
            .execute(connection)
            .await?;
        if kind == EventKind::ShopClosed {
            lock_all_out(connection, shop.id).await?;
        }
        append_one(connection, shop.id, kind, Snapshot::from(&shop), stamp).await?;
    }
    Ok(Some(shop))
}

async fn create(
    connection: &mut AsyncPgConnection,
    domain: &ShopDomain,
    now: Timestamp,
) -> Result<CreateShopOutcome, Failure> {
    // Reads to the end: the row arrives before the statement has committed.
    let created = diesel::insert_into(shops::table)
        .values((shops::domain.eq(domain.as_str()), shops::created_at.eq(StoredTimestamp(now))))
        .on_conflict_do_nothing()
        .returning(ShopRow::as_select())
        .get_results(connection)
        .await?
        .pop();
    if let Some(row) = created {
        return Ok(CreateShopOutcome::Created(row.try_into()?));
    }
    let shop = find(connection, domain).await?;
    let shop = shop.ok_or(Failure::Unexpected("a conflicting shop cannot be read"))?;
    Ok(CreateShopOutcome::AlreadyExists(shop))
}

async fn find(connection: &mut AsyncPgConnection, domain: &ShopDomain) -> Result<Option<Shop>, Failure> {
    let row = shops::table
        .filter(shops::domain.eq(domain.as_str()))
        .select(ShopRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

/// Locks the shop until the transaction ends, against other transactions that add a key or a webhook.
pub(super) async fn lock_numbering(connection: &mut AsyncPgConnection, shop: ShopId) -> Result<(), Failure> {
    let found: Option<i64> = shops::table
        .find(shop.get())
        .select(shops::id)
        .for_no_key_update()
        .get_result(connection)
        .await
        .optional()?;
    found.map(|_| ()).ok_or(Failure::Unexpected("the shop does not exist"))
}

/// As [`lock_numbering`], also against a closing. Returns whether the shop is open.
pub(super) async fn lock_open_shop(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
) -> Result<bool, Failure> {
    let is_open: Option<bool> = shops::table
        .find(shop.get())
        .select(shops::closed_at.is_null())
        .for_no_key_update()
        .get_result(connection)
        .await
        .optional()?;
    Ok(is_open.unwrap_or_default())
}
