use async_trait::async_trait;
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{
    AuditStamp, EventKind, Shop, ShopChange, ShopDomain, ShopId, ShopStore, StorageError, Subject, Timestamp,
};

use super::{MemoryStorage, State, next_number, unexpected};

impl State {
    pub(crate) fn shop_of(&self, domain: &ShopDomain) -> Option<&Shop> {
        self.shops.values().find(|shop| shop.domain == *domain)
    }

    pub(crate) fn next_shop_id(&self) -> Option<ShopId> {
        ShopId::new(next_number(self.shops.keys().map(|id| id.get())))
    }

    pub(crate) fn create_shop(
        &mut self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        self.create_shop_from(domain, None, now)
    }

    pub(crate) fn create_shop_from(
        &mut self,
        domain: &ShopDomain,
        from: Option<ShopId>,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        if let Some(shop) = self.shop_of(domain) {
            return Ok(CreateShopOutcome::AlreadyExists(shop.clone()));
        }
        let id = self.next_shop_id().ok_or_else(|| unexpected("create_shop", "no shop number left"))?;
        let id = from.map_or(id, |from| id.max(from));
        let shop = Shop::new(id, domain.clone(), now);
        self.shops.insert(id, shop.clone());
        Ok(CreateShopOutcome::Created(shop))
    }

    pub(crate) fn change_shop(
        &mut self,
        domain: &ShopDomain,
        change: ShopChange,
        stamp: AuditStamp,
    ) -> Option<Shop> {
        let id = self.shop_of(domain)?.id;
        if self.is_loading(id) {
            return None;
        }
        let shop = self.shops.get_mut(&id)?;
        let kind = shop.change(change, stamp.time);
        let shop = shop.clone();
        if kind == Some(EventKind::ShopClosed) {
            self.lock_all_out(shop.id);
        }
        if let Some(kind) = kind {
            self.append_events(shop.id, stamp, [(kind, Subject::Shop(shop.id))]);
        }
        Some(shop)
    }
}

#[async_trait]
impl ShopStore for MemoryStorage {
    async fn create_shop(
        &self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        self.state().create_shop(domain, now)
    }

    async fn create_shop_from(
        &self,
        domain: &ShopDomain,
        from: ShopId,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        self.state().create_shop_from(domain, Some(from), now)
    }

    async fn find_shop(&self, domain: &ShopDomain) -> Result<Option<Shop>, StorageError> {
        Ok(self.state().shop_of(domain).cloned())
    }

    async fn list_shops(&self) -> Result<Vec<Shop>, StorageError> {
        Ok(self.state().shops.values().cloned().collect())
    }

    async fn change_shop(
        &self,
        domain: &ShopDomain,
        change: ShopChange,
        stamp: AuditStamp,
    ) -> Result<Option<Shop>, StorageError> {
        Ok(self.state().change_shop(domain, change, stamp))
    }
}
