use async_trait::async_trait;
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{Shop, ShopDomain, ShopId, ShopStore, StorageError, Timestamp};

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

    pub(crate) fn set_reopen_on_reply(&mut self, domain: &ShopDomain, reopen_on_reply: bool) -> Option<Shop> {
        let shop = self.shops.values_mut().find(|shop| shop.domain == *domain)?;
        shop.reopen_on_reply = reopen_on_reply;
        Some(shop.clone())
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

    async fn close_shop(&self, domain: &ShopDomain, now: Timestamp) -> Result<Option<Shop>, StorageError> {
        let mut state = self.state();
        let shop = state.shops.values_mut().find(|shop| shop.domain == *domain);
        let closed = shop.map(|shop| {
            shop.closed_at.get_or_insert(now);
            shop.clone()
        });
        if let Some(shop) = &closed {
            state.lock_all_out(shop.id);
        }
        Ok(closed)
    }

    async fn set_reopen_on_reply(
        &self,
        domain: &ShopDomain,
        reopen_on_reply: bool,
    ) -> Result<Option<Shop>, StorageError> {
        Ok(self.state().set_reopen_on_reply(domain, reopen_on_reply))
    }
}
