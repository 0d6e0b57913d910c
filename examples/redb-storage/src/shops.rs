use anyhow::{Context, ensure};
use async_trait::async_trait;
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{
    AuditStamp, EventKind, NewEvent, Shop, ShopChange, ShopDomain, ShopId, ShopStore, StorageError, Timestamp,
};
use redb::{ReadableTable, Table, WriteTransaction};

use crate::encoding::{decode, encode};
use crate::events::EventLog;
use crate::tables::{Json, LOADS, SHOP_BY_DOMAIN, SHOPS};
use crate::{RedbStorage, archive, credentials};

impl RedbStorage {
    async fn create(
        &self,
        domain: &ShopDomain,
        from: Option<ShopId>,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        let domain = domain.clone();
        self.write("create_shop", move |transaction| {
            let mut shops = transaction.open_table(SHOPS)?;
            let mut by_domain = transaction.open_table(SHOP_BY_DOMAIN)?;
            if let Some(shop) = find_by_domain(&shops, &by_domain, &domain)? {
                return Ok(CreateShopOutcome::AlreadyExists(shop));
            }
            let largest = shops.last()?.map_or(0, |(id, _)| id.value());
            let id = ShopId::new(largest + 1).context("no shop number is left")?;
            let id = from.map_or(id, |from| id.max(from));
            let shop = Shop::new(id, domain, now);
            add(&mut shops, &mut by_domain, &shop)?;
            Ok(CreateShopOutcome::Created(shop))
        })
        .await
    }
}

#[async_trait]
impl ShopStore for RedbStorage {
    async fn create_shop(
        &self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        self.create(domain, None, now).await
    }

    async fn create_shop_from(
        &self,
        domain: &ShopDomain,
        from: ShopId,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        self.create(domain, Some(from), now).await
    }

    async fn find_shop(&self, domain: &ShopDomain) -> Result<Option<Shop>, StorageError> {
        let domain = domain.clone();
        self.read("find_shop", move |transaction| {
            find_by_domain(&transaction.open_table(SHOPS)?, &transaction.open_table(SHOP_BY_DOMAIN)?, &domain)
        })
        .await
    }

    async fn list_shops(&self) -> Result<Vec<Shop>, StorageError> {
        self.read("list_shops", |transaction| {
            let shops = transaction.open_table(SHOPS)?;
            shops.iter()?.map(|entry| decode(entry?.1.value())).collect()
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
        self.write("change_shop", move |transaction| {
            let mut shops = transaction.open_table(SHOPS)?;
            let by_domain = transaction.open_table(SHOP_BY_DOMAIN)?;
            let Some(mut shop) = find_by_domain(&shops, &by_domain, &domain)? else { return Ok(None) };
            if archive::is_loading(&transaction.open_table(LOADS)?, shop.id)? {
                return Ok(None);
            }
            if let Some(kind) = shop.change(change, stamp.time) {
                shops.insert(shop.id.get(), encode(&shop)?.as_slice())?;
                let event = match kind {
                    EventKind::ShopClosed => {
                        credentials::lock_all_out(transaction, shop.id)?;
                        NewEvent::shop_closed(&shop)
                    }
                    EventKind::ShopReopened => NewEvent::shop_reopened(&shop),
                    _ => NewEvent::shop_updated(&shop),
                };
                EventLog::open(transaction)?.append(shop.id, stamp, [event])?;
            }
            Ok(Some(shop))
        })
        .await
    }
}

/// Adds a shop. Its number and its domain must be free.
pub(crate) fn add(
    shops: &mut Table<'_, i64, Json>,
    by_domain: &mut Table<'_, &'static str, i64>,
    shop: &Shop,
) -> anyhow::Result<()> {
    shops.insert(shop.id.get(), encode(shop)?.as_slice())?;
    by_domain.insert(shop.domain.as_str(), shop.id.get())?;
    Ok(())
}

/// Returns the shop with this number.
pub(crate) fn find(shops: &impl ReadableTable<i64, Json>, id: ShopId) -> anyhow::Result<Option<Shop>> {
    shops.get(id.get())?.map(|stored| decode(stored.value())).transpose()
}

/// Fails if the shop is missing. Callers of the ports add data only to shops that exist.
pub(crate) fn require(transaction: &WriteTransaction, id: ShopId) -> anyhow::Result<()> {
    let is_there = transaction.open_table(SHOPS)?.get(id.get())?.is_some();
    ensure!(is_there, "there is no shop {id}");
    Ok(())
}

pub(crate) fn find_by_domain(
    shops: &impl ReadableTable<i64, Json>,
    by_domain: &impl ReadableTable<&'static str, i64>,
    domain: &ShopDomain,
) -> anyhow::Result<Option<Shop>> {
    let Some(number) = by_domain.get(domain.as_str())? else { return Ok(None) };
    let id = ShopId::new(number.value()).context("a stored shop number is out of range")?;
    Ok(Some(find(shops, id)?.context("an indexed shop is missing")?))
}
