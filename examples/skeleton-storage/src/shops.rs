//! The obligations SHOP are in the documentation of [`ShopStore`].

use async_trait::async_trait;
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{AuditStamp, Shop, ShopChange, ShopDomain, ShopId, ShopStore, StorageError, Timestamp};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl ShopStore for SkeletonStorage {
    async fn create_shop(
        &self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        not_implemented("create_shop")
    }

    async fn create_shop_from(
        &self,
        domain: &ShopDomain,
        from: ShopId,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        not_implemented("create_shop_from")
    }

    async fn find_shop(&self, domain: &ShopDomain) -> Result<Option<Shop>, StorageError> {
        not_implemented("find_shop")
    }

    async fn list_shops(&self) -> Result<Vec<Shop>, StorageError> {
        not_implemented("list_shops")
    }

    async fn change_shop(
        &self,
        domain: &ShopDomain,
        change: ShopChange,
        stamp: AuditStamp,
    ) -> Result<Option<Shop>, StorageError> {
        not_implemented("change_shop")
    }
}
