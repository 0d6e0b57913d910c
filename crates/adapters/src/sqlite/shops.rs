use async_trait::async_trait;
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{
    AuditStamp, EventKind, Shop, ShopChange, ShopDomain, ShopId, ShopStore, Snapshot, StorageError, Timestamp,
};

use super::SqliteStorage;
use super::archive::is_loading;
use super::counters::{Counted, latest_change, note_number};
use super::credentials::lock_all_out;
use super::events::append::EventLog;
use crate::sql::schema::shops;
use crate::sql::shops::ShopRow;
use crate::sql::types::StoredTimestamp;

fn find(connection: &mut SqliteConnection, domain: &ShopDomain) -> anyhow::Result<Option<Shop>> {
    let row = shops::table
        .filter(shops::domain.eq(domain.as_str()))
        .select(ShopRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

fn create(
    connection: &mut SqliteConnection,
    domain: &ShopDomain,
    from: Option<ShopId>,
    now: Timestamp,
) -> anyhow::Result<CreateShopOutcome> {
    if let Some(shop) = find(connection, domain)? {
        return Ok(CreateShopOutcome::AlreadyExists(shop));
    }
    // Shops that have served are never deleted, so the largest number is the last one.
    let last: Option<i64> = shops::table.select(max(shops::id)).get_result(connection)?;
    let id = from.map(ShopId::get).filter(|from| last.is_none_or(|last| last < *from));
    let row = diesel::insert_into(shops::table)
        .values((
            id.map(|id| shops::id.eq(id)),
            shops::domain.eq(domain.as_str()),
            shops::created_at.eq(StoredTimestamp(now)),
        ))
        .returning(ShopRow::as_returning())
        .get_result(connection)?;
    let shop = Shop::try_from(row)?;
    // A restore can lose a shop. The next shop gets its number, and its cursors are valid.
    note_number(connection, shop.id, Counted::Changes, latest_change(now))?;
    Ok(CreateShopOutcome::Created(shop))
}

#[async_trait]
impl ShopStore for SqliteStorage {
    async fn create_shop(
        &self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        let domain = domain.clone();
        self.write("create_shop", move |connection| create(connection, &domain, None, now)).await
    }

    async fn create_shop_from(
        &self,
        domain: &ShopDomain,
        from: ShopId,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        let domain = domain.clone();
        self.write("create_shop_from", move |connection| create(connection, &domain, Some(from), now)).await
    }

    async fn find_shop(&self, domain: &ShopDomain) -> Result<Option<Shop>, StorageError> {
        let domain = domain.clone();
        self.read("find_shop", move |connection| find(connection, &domain)).await
    }

    async fn list_shops(&self) -> Result<Vec<Shop>, StorageError> {
        self.read("list_shops", |connection| {
            let rows = shops::table.order(shops::id).select(ShopRow::as_select()).load(connection)?;
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
        self.write("change_shop", move |connection| {
            let Some(mut shop) = find(connection, &domain)? else { return Ok(None) };
            if is_loading(connection, shop.id)? {
                return Ok(None);
            }
            if let Some(kind) = shop.change(change, stamp.time) {
                diesel::update(shops::table.find(shop.id.get()))
                    .set((
                        shops::closed_at.eq(shop.closed_at.map(StoredTimestamp)),
                        shops::reopen_on_reply.eq(shop.reopen_on_reply),
                    ))
                    .execute(connection)?;
                if kind == EventKind::ShopClosed {
                    lock_all_out(connection, shop.id)?;
                }
                EventLog::default().append(connection, shop.id, kind, Snapshot::from(&shop), stamp)?;
            }
            Ok(Some(shop))
        })
        .await
    }
}

/// Whether the shop exists and is open.
pub(super) fn is_open(connection: &mut SqliteConnection, shop: ShopId) -> QueryResult<bool> {
    let is_open = shops::table.find(shop.get()).select(shops::closed_at.is_null()).get_result(connection);
    Ok(is_open.optional()?.unwrap_or_default())
}
