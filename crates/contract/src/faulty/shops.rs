use async_trait::async_trait;
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{Shop, ShopDomain, ShopStore, StorageError, Timestamp};

use super::{Fault, FaultyStorage, gap};

#[async_trait]
impl ShopStore for FaultyStorage {
    async fn create_shop(
        &self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        match self.fault {
            Fault::ShopTimeInSeconds => {
                let millis = now.unix_millis().rem_euclid(1_000);
                self.inner.create_shop(domain, now.saturating_add_millis(-millis)).await
            }
            Fault::ShopReopened => {
                for shop in self.inner.state().shops.values_mut().filter(|shop| shop.domain == *domain) {
                    shop.closed_at = None;
                }
                self.inner.create_shop(domain, now).await
            }
            Fault::RacingShops => {
                if let Some(shop) = self.inner.find_shop(domain).await? {
                    return Ok(CreateShopOutcome::AlreadyExists(shop));
                }
                gap().await;
                let mut state = self.inner.state();
                let id = state.next_shop_id().unwrap();
                let shop = Shop { id, domain: domain.clone(), created_at: now, closed_at: None };
                state.shops.insert(id, shop.clone());
                Ok(CreateShopOutcome::Created(shop))
            }
            _ => self.inner.create_shop(domain, now).await,
        }
    }

    async fn find_shop(&self, domain: &ShopDomain) -> Result<Option<Shop>, StorageError> {
        self.inner.find_shop(domain).await
    }

    async fn list_shops(&self) -> Result<Vec<Shop>, StorageError> {
        let mut shops = self.inner.list_shops().await?;
        if self.fault == Fault::ClosedShopsHidden {
            shops.retain(|shop| shop.closed_at.is_none());
        }
        Ok(shops)
    }

    async fn close_shop(&self, domain: &ShopDomain, now: Timestamp) -> Result<Option<Shop>, StorageError> {
        match self.fault {
            Fault::UnknownShopAddedByClosing if self.inner.find_shop(domain).await?.is_none() => {
                self.inner.create_shop(domain, now).await?;
                self.inner.close_shop(domain, now).await?;
                return Ok(None);
            }
            Fault::ShopClosedAnew => {
                for shop in self.inner.state().shops.values_mut().filter(|shop| shop.domain == *domain) {
                    shop.closed_at = None;
                }
            }
            _ => {}
        }
        self.inner.close_shop(domain, now).await
    }
}
