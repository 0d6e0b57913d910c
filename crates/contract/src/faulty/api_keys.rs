use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, AuditStamp, DeferredClaim, EventKind, Fingerprint, IdempotentOutcome, KeyNumber,
    NewApiKey, Page, Receipt, Shop, ShopId, StorageError, Subject, UserId,
};

use super::{Fault, FaultyStorage};
use crate::memory::State;

impl FaultyStorage {
    fn changed_for_keys<T: 'static>(&self, once: Option<DeferredClaim<T>>) -> Option<DeferredClaim<T>> {
        let mut once = once?;
        let receipt = Arc::clone(&once.receipt);
        match self.fault {
            Fault::RefusedKeyRecorded => {
                let empty = || Receipt { answer: Vec::new(), customer_id: None };
                once.receipt = Arc::new(move |outcome| receipt(outcome).or_else(|| Some(empty())));
            }
            Fault::KeyFingerprintIgnored => once.request.fingerprint = Fingerprint([0; 32]),
            Fault::KeyRecordsApart => once.request.operation += " of keys",
            _ => {}
        }
        Some(once)
    }

    /// Whether the user passes for one that the key may have.
    fn is_taken_for_active(&self, state: &State, shop: ShopId, user: UserId) -> bool {
        match self.fault {
            Fault::KeyOfAnyShopsUser => {
                state.users.values().any(|there| there.id == user && there.deactivated_at.is_none())
            }
            Fault::KeyOfDeactivatedUser => state.users.contains_key(&(shop, user)),
            _ => false,
        }
    }

    fn run_creation(
        &self,
        state: &mut State,
        shop: ShopId,
        new: NewApiKey,
    ) -> Result<CreateKeyOutcome, StorageError> {
        let in_nobodys_name = NewApiKey { user_id: None, ..new.clone() };
        let user_id = new.user_id;
        let mut outcome = state.create_key(shop, new)?;
        if outcome == CreateKeyOutcome::UserNotFound {
            if user_id.is_some_and(|user| self.is_taken_for_active(state, shop, user)) {
                outcome = state.create_key(shop, in_nobodys_name)?;
                if let CreateKeyOutcome::Created(key) = &mut outcome {
                    key.user_id = user_id;
                    state.api_keys.insert((shop, key.number), key.clone());
                }
            } else if self.fault == Fault::RefusedKeyAdded {
                state.create_key(shop, in_nobodys_name)?;
            }
        }
        Ok(outcome)
    }
}

#[async_trait]
impl ApiKeyStore for FaultyStorage {
    async fn create_key(
        &self,
        shop: ShopId,
        key: NewApiKey,
        once: Option<DeferredClaim<CreateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<CreateKeyOutcome>, StorageError> {
        let user_id = key.user_id.filter(|_| self.fault != Fault::KeyWithoutUser);
        let key = NewApiKey { user_id, ..key };
        let once = self.changed_for_keys(once);
        if self.fault == Fault::RacingKeyRecords {
            return self.racing_keys(shop, once, |state| state.create_key(shop, key)).await;
        }
        self.inner.state().attempt(shop, once, |state| self.run_creation(state, shop, key))
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
        let is_full = u32::try_from(page.entries.len()) == Ok(limit);
        match self.fault {
            Fault::RevokedKeysHidden => page.entries.retain(|key| key.revoked_at.is_none()),
            Fault::FullPageOfKeysGoesOn if is_full => page.next = page.entries.last().map(|key| key.number),
            Fault::KeysFromThePlaceOn => {
                let place = after.and_then(|after| KeyNumber::new(after.get() - 1));
                page = self.inner.list_keys(shop, place, limit).await?;
            }
            _ => {}
        }
        Ok(page)
    }

    async fn count_keys(&self, shop: ShopId) -> Result<u64, StorageError> {
        let state = self.inner.state();
        let count = match self.fault {
            Fault::KeysOfEveryShopCounted => state.api_keys.len(),
            Fault::RevokedKeysNotCounted => {
                state.keys_of(shop).filter(|key| key.revoked_at.is_none()).count()
            }
            _ => state.keys_of(shop).count(),
        };
        Ok(count as u64)
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        stamp: AuditStamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        if self.fault == Fault::KeyRevokedAnew
            && let Some(key) = self.inner.state().api_keys.get_mut(&(shop, number))
        {
            key.revoked_at = None;
        }
        let was = self.inner.state().api_keys.get(&(shop, number)).cloned();
        if was.is_some_and(|key| key.revoked_at.is_some()) {
            let event = (EventKind::ApiKeyRevoked, Subject::ApiKey(number));
            self.log_anyway(Fault::SecondRevocationLogged, shop, stamp, event);
        }
        self.inner.revoke_key(shop, number, stamp).await
    }

    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        mut rotation: KeyRotation,
        once: Option<DeferredClaim<RotateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<RotateKeyOutcome>, StorageError> {
        let (now, old_ends_at) = (rotation.stamp.time, rotation.old_ends_at);
        let mut once = self.changed_for_keys(once);
        let old = self.inner.state().api_keys.get(&(shop, number)).cloned();
        match self.fault {
            Fault::RotationWithoutExpiry => rotation.expires_at = None,
            Fault::RotationKeepsExpiry => rotation.expires_at = old.and_then(|old| old.expires_at),
            Fault::RotationNotRecorded => once = None,
            Fault::KeyBeforeRecord if !old.is_some_and(|old| old.is_live(now)) => {
                return Ok(IdempotentOutcome::Ran(RotateKeyOutcome::NotLive));
            }
            _ => {}
        }
        let mut expired_now = false;
        if let Some(key) = self.inner.state().api_keys.get_mut(&(shop, number))
            && self.fault == Fault::ExpiredKeyRotated
            && key.expires_at == Some(now)
        {
            key.expires_at = None;
            expired_now = true;
        }
        let mut outcome = self.inner.rotate_key(shop, number, rotation, once).await?;
        if let IdempotentOutcome::Ran(RotateKeyOutcome::Rotated(added)) = &mut outcome
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
                && matches!(outcome, IdempotentOutcome::Ran(RotateKeyOutcome::Rotated(_)))
            {
                key.expires_at = Some(old_ends_at);
            }
        }
        Ok(outcome)
    }
}
