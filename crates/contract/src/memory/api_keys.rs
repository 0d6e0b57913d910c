use async_trait::async_trait;
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, AuditStamp, DeferredClaim, EventKind, IdempotentOutcome, KeyNumber, NewApiKey, Page,
    PageSize, Shop, ShopId, StorageError, Subject,
};

use super::{MemoryStorage, State, next_number, unexpected};

impl State {
    pub(crate) fn keys_of(&self, shop: ShopId) -> impl Iterator<Item = &ApiKey> {
        self.api_keys.values().filter(move |key| key.shop_id == shop)
    }

    pub(crate) fn create_key(
        &mut self,
        shop: ShopId,
        new: NewApiKey,
    ) -> Result<CreateKeyOutcome, StorageError> {
        if new.user_id.is_some_and(|user| !self.is_active_user(shop, user)) {
            return Ok(CreateKeyOutcome::UserNotFound);
        }
        let stamp = new.stamp;
        let key = self.add_key(shop, new)?;
        self.append_events(shop, stamp, [(EventKind::ApiKeyCreated, Subject::ApiKey(key.number))]);
        Ok(CreateKeyOutcome::Created(key))
    }

    fn add_key(&mut self, shop: ShopId, new: NewApiKey) -> Result<ApiKey, StorageError> {
        let number = KeyNumber::new(next_number(self.keys_of(shop).map(|key| key.number.get())))
            .ok_or_else(|| unexpected("create_key", "no key number left"))?;
        let key = new.into_key(shop, number);
        self.api_keys.insert((shop, number), key.clone());
        Ok(key)
    }

    pub(crate) fn rotate_key(
        &mut self,
        shop: ShopId,
        number: KeyNumber,
        rotation: KeyRotation,
    ) -> Result<RotateKeyOutcome, StorageError> {
        let KeyRotation { secret_hash, expires_at, stamp, old_ends_at } = rotation;
        let old = self.api_keys.get_mut(&(shop, number)).filter(|key| key.is_live(stamp.time));
        let Some(old) = old else { return Ok(RotateKeyOutcome::NotLive) };
        old.expire_by(old_ends_at);
        let (scopes, user_id) = (old.scopes.clone(), old.user_id);
        let new = NewApiKey { secret_hash, scopes, user_id, stamp, expires_at };
        let key = self.add_key(shop, new)?;
        let changed = [
            (EventKind::ApiKeyRotated, Subject::ApiKey(number)),
            (EventKind::ApiKeyCreated, Subject::ApiKey(key.number)),
        ];
        self.append_events(shop, stamp, changed);
        Ok(RotateKeyOutcome::Rotated(key))
    }

    pub(crate) fn revoke_key(
        &mut self,
        shop: ShopId,
        number: KeyNumber,
        stamp: AuditStamp,
    ) -> Option<ApiKey> {
        let key = self.api_keys.get_mut(&(shop, number))?;
        if key.revoke(stamp.time) {
            self.append_events(shop, stamp, [(EventKind::ApiKeyRevoked, Subject::ApiKey(number))]);
        }
        self.api_keys.get(&(shop, number)).cloned()
    }
}

#[async_trait]
impl ApiKeyStore for MemoryStorage {
    async fn create_key(
        &self,
        shop: ShopId,
        key: NewApiKey,
        claim: Option<DeferredClaim<CreateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<CreateKeyOutcome>, StorageError> {
        self.state().attempt(shop, claim, |state| state.create_key(shop, key))
    }

    async fn find_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
    ) -> Result<Option<(ApiKey, Shop)>, StorageError> {
        let state = self.state();
        Ok(state.api_keys.get(&(shop, number)).cloned().zip(state.shops.get(&shop).cloned()))
    }

    async fn list_keys(
        &self,
        shop: ShopId,
        after: Option<KeyNumber>,
        size: PageSize,
    ) -> Result<Page<ApiKey, KeyNumber>, StorageError> {
        let state = self.state();
        let keys = state.keys_of(shop).filter(|key| after.is_none_or(|after| key.number > after));
        Ok(Page::cut(keys.map(|key| (key.number, key.clone())), size))
    }

    async fn count_keys(&self, shop: ShopId) -> Result<u64, StorageError> {
        Ok(self.state().keys_of(shop).count() as u64)
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        stamp: AuditStamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        Ok(self.state().revoke_key(shop, number, stamp))
    }

    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        rotation: KeyRotation,
        claim: Option<DeferredClaim<RotateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<RotateKeyOutcome>, StorageError> {
        self.state().attempt(shop, claim, |state| state.rotate_key(shop, number, rotation))
    }
}
