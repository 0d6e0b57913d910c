use async_trait::async_trait;
use hexdesk_domain::ports::RotateKeyOutcome;
use hexdesk_domain::{
    ApiKey, ApiKeyStore, KeyNumber, NewApiKey, SecretHash, Shop, ShopId, StorageError, Timestamp,
};

use super::{MemoryStorage, State, next_number, unexpected};

impl State {
    pub(crate) fn keys_of(&self, shop: ShopId) -> impl Iterator<Item = &ApiKey> {
        self.api_keys.values().filter(move |key| key.shop_id == shop)
    }

    pub(crate) fn create_key(&mut self, shop: ShopId, new: NewApiKey) -> Result<ApiKey, StorageError> {
        let number = KeyNumber::new(next_number(self.keys_of(shop).map(|key| key.number.get())))
            .ok_or_else(|| unexpected("create_key", "no key number left"))?;
        let NewApiKey { secret_hash, scopes, user_id, created_at, expires_at } = new;
        let key = ApiKey {
            shop_id: shop,
            number,
            secret_hash,
            scopes,
            user_id,
            created_at,
            expires_at,
            revoked_at: None,
        };
        self.api_keys.insert((shop, number), key.clone());
        Ok(key)
    }

    fn rotate_key(
        &mut self,
        shop: ShopId,
        number: KeyNumber,
        secret_hash: SecretHash,
        now: Timestamp,
        old_ends_at: Timestamp,
    ) -> Result<RotateKeyOutcome, StorageError> {
        let Some(old) = self.api_keys.get_mut(&(shop, number)).filter(|key| key.is_live(now)) else {
            return Ok(RotateKeyOutcome::NotLive);
        };
        old.expires_at = Some(old.expires_at.map_or(old_ends_at, |end| end.min(old_ends_at)));
        let (scopes, user_id) = (old.scopes.clone(), old.user_id);
        let new = NewApiKey { secret_hash, scopes, user_id, created_at: now, expires_at: None };
        Ok(RotateKeyOutcome::Rotated(self.create_key(shop, new)?))
    }
}

#[async_trait]
impl ApiKeyStore for MemoryStorage {
    async fn create_key(&self, shop: ShopId, key: NewApiKey) -> Result<ApiKey, StorageError> {
        self.state().create_key(shop, key)
    }

    async fn find_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
    ) -> Result<Option<(ApiKey, Shop)>, StorageError> {
        let state = self.state();
        Ok(state.api_keys.get(&(shop, number)).cloned().zip(state.shops.get(&shop).cloned()))
    }

    async fn list_keys(&self, shop: ShopId) -> Result<Vec<ApiKey>, StorageError> {
        Ok(self.state().keys_of(shop).cloned().collect())
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        now: Timestamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        let mut state = self.state();
        Ok(state.api_keys.get_mut(&(shop, number)).map(|key| {
            key.revoked_at.get_or_insert(now);
            key.clone()
        }))
    }

    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        secret_hash: SecretHash,
        now: Timestamp,
        old_ends_at: Timestamp,
    ) -> Result<RotateKeyOutcome, StorageError> {
        self.state().rotate_key(shop, number, secret_hash, now, old_ends_at)
    }
}
