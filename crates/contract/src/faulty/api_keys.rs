use async_trait::async_trait;
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, Attempt, KeyNumber, NewApiKey, Once, Page, Shop, ShopId, StorageError, Timestamp,
};

use super::{Fault, FaultyStorage};

#[async_trait]
impl ApiKeyStore for FaultyStorage {
    async fn create_key(
        &self,
        shop: ShopId,
        key: NewApiKey,
        once: Option<Once<CreateKeyOutcome>>,
    ) -> Result<Attempt<CreateKeyOutcome>, StorageError> {
        let user_id = key.user_id.filter(|_| self.fault != Fault::KeyWithoutUser);
        self.inner.create_key(shop, NewApiKey { user_id, ..key }, once).await
    }

    async fn find_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
    ) -> Result<Option<(ApiKey, Shop)>, StorageError> {
        let found = self.inner.find_key(shop, number).await?;
        match self.fault {
            Fault::KeyOfClosedShopHidden => Ok(found.filter(|(_, shop)| shop.closed_at.is_none())),
            Fault::KeyFoundAcrossShops if found.is_none() => {
                let state = self.inner.state();
                let key = state.api_keys.values().find(|key| key.number == number).cloned();
                Ok(key.and_then(|key| state.shops.get(&key.shop_id).cloned().map(|shop| (key, shop))))
            }
            _ => Ok(found),
        }
    }

    async fn list_keys(
        &self,
        shop: ShopId,
        after: Option<KeyNumber>,
        limit: u32,
    ) -> Result<Page<ApiKey, KeyNumber>, StorageError> {
        let mut page = self.inner.list_keys(shop, after, limit).await?;
        if self.fault == Fault::RevokedKeysHidden {
            page.entries.retain(|key| key.revoked_at.is_none());
        }
        Ok(page)
    }

    async fn count_keys(&self, shop: ShopId) -> Result<u64, StorageError> {
        self.inner.count_keys(shop).await
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        now: Timestamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        if self.fault == Fault::KeyRevokedAnew
            && let Some(key) = self.inner.state().api_keys.get_mut(&(shop, number))
        {
            key.revoked_at = None;
        }
        self.inner.revoke_key(shop, number, now).await
    }

    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        rotation: KeyRotation,
        once: Option<Once<RotateKeyOutcome>>,
    ) -> Result<Attempt<RotateKeyOutcome>, StorageError> {
        let (now, old_ends_at) = (rotation.rotated_at, rotation.old_ends_at);
        let mut expired_now = false;
        if let Some(key) = self.inner.state().api_keys.get_mut(&(shop, number))
            && self.fault == Fault::ExpiredKeyRotated
            && key.expires_at == Some(now)
        {
            key.expires_at = None;
            expired_now = true;
        }
        let mut outcome = self.inner.rotate_key(shop, number, rotation, once).await?;
        if let Attempt::Ran(RotateKeyOutcome::Rotated(added)) = &mut outcome
            && self.fault == Fault::RotationForgetsUser
            && let Some(stored) = self.inner.state().api_keys.get_mut(&(shop, added.number))
        {
            stored.user_id = None;
            *added = stored.clone();
        }
        if let Some(key) = self.inner.state().api_keys.get_mut(&(shop, number)) {
            if expired_now {
                key.expires_at = Some(now);
            }
            if self.fault == Fault::RotationProlongs
                && matches!(outcome, Attempt::Ran(RotateKeyOutcome::Rotated(_)))
            {
                key.expires_at = Some(old_ends_at);
            }
        }
        Ok(outcome)
    }
}
