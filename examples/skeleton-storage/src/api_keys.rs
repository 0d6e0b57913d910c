//! The obligations KEY are in the documentation of [`ApiKeyStore`].

use async_trait::async_trait;
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, AuditStamp, DeferredClaim, IdempotentOutcome, KeyNumber, NewApiKey, Page, PageSize,
    Shop, ShopId, StorageError,
};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl ApiKeyStore for SkeletonStorage {
    async fn create_key(
        &self,
        shop: ShopId,
        key: NewApiKey,
        claim: Option<DeferredClaim<CreateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<CreateKeyOutcome>, StorageError> {
        not_implemented("create_key")
    }

    async fn find_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
    ) -> Result<Option<(ApiKey, Shop)>, StorageError> {
        not_implemented("find_key")
    }

    async fn list_keys(
        &self,
        shop: ShopId,
        after: Option<KeyNumber>,
        size: PageSize,
    ) -> Result<Page<ApiKey, KeyNumber>, StorageError> {
        not_implemented("list_keys")
    }

    async fn count_keys(&self, shop: ShopId) -> Result<u64, StorageError> {
        not_implemented("count_keys")
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        stamp: AuditStamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        not_implemented("revoke_key")
    }

    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        rotation: KeyRotation,
        claim: Option<DeferredClaim<RotateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<RotateKeyOutcome>, StorageError> {
        not_implemented("rotate_key")
    }
}
