//! The use cases: create, rotate and revoke API keys with an API key or a session.

use std::sync::Arc;

use super::grant::Rights;
use crate::ports::{ApiKeyStore, Clock, CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use crate::{
    Actor, ApiKey, ApiKeyDraft, DeferredClaim, Excess, IdempotencyRequest, IdempotentOutcome, KeyNumber,
    NewApiKey, Principal, RenderReceipt, RotationDraft, SecretHash, StorageError, Timestamp, Violations,
};

/// How long a rotated key keeps working by default.
const DEFAULT_OVERLAP_SECONDS: i64 = 24 * 60 * 60;

/// Creates, rotates and revokes keys of the shop. No key or user can grant more than it has itself, or
/// take away more.
#[derive(Clone)]
pub struct ManageApiKeys {
    store: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
}

/// The reason why no key was created or revoked.
#[derive(Debug, thiserror::Error)]
pub enum ManageApiKeysError {
    /// The draft breaks rules.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The caller's key was revoked or has expired since it was authenticated.
    #[error("the caller's key is no longer live")]
    HolderNotLive,
    /// The new key, or the key to revoke, has more rights than the caller's key.
    #[error("the caller's key has fewer rights: {0}")]
    Exceeds(Excess),
    /// The shop has no such key.
    #[error("the shop has no such key")]
    KeyNotFound,
    /// The store failed. The caller acts on the kind of the error.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ManageApiKeys {
    /// Connects the use cases to these ports.
    pub fn new(store: Arc<dyn ApiKeyStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Adds a key with this secret to the caller's shop. `receipt` renders the response to
    /// store with an idempotency request. It must not hold the secret.
    ///
    /// # Errors
    /// [`ManageApiKeysError`]. Nothing was written, except perhaps if the store fails with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn create(
        &self,
        holder: &Principal,
        draft: ApiKeyDraft,
        secret_hash: SecretHash,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<CreateKeyOutcome>,
    ) -> Result<IdempotentOutcome<CreateKeyOutcome>, ManageApiKeysError> {
        let now = self.clock.now();
        let scopes = draft.checked_scopes(now)?;
        let own = self.rights(holder, now).await?;
        let user_id = draft.user_id.or(own.user_id);
        let expires_at = draft.expires_at.or(own.expires_at);
        if let Some(excess) = own.excess(&scopes, user_id, expires_at) {
            return Err(ManageApiKeysError::Exceeds(excess));
        }
        let stamp = holder.caller().stamp(now);
        let key = NewApiKey { secret_hash, scopes, user_id, expires_at, stamp };
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        Ok(self.store.create_key(holder.shop.id, key, claim).await?)
    }

    /// Replaces a key of the caller's shop, or the caller's own, by a key with this secret.
    /// `receipt` is as in [`ManageApiKeys::create`].
    ///
    /// # Errors
    /// As [`ManageApiKeys::create`].
    pub async fn rotate(
        &self,
        holder: &Principal,
        number: KeyNumber,
        draft: RotationDraft,
        secret_hash: SecretHash,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<RotateKeyOutcome>,
    ) -> Result<IdempotentOutcome<RotateKeyOutcome>, ManageApiKeysError> {
        let now = self.clock.now();
        draft.check(now)?;
        let own = self.rights(holder, now).await?;
        let found = self.store.find_key(holder.shop.id, number).await?;
        let (old, _) = found.ok_or(ManageApiKeysError::KeyNotFound)?;
        let expires_at = draft.expires_at.or(own.expires_at);
        // Scopes and user of a key never change, so they are still the same in the store.
        if let Some(excess) = own.excess(&old.scopes, old.user_id, expires_at) {
            return Err(ManageApiKeysError::Exceeds(excess));
        }
        let overlap = draft.overlap_seconds.unwrap_or(DEFAULT_OVERLAP_SECONDS).saturating_mul(1_000);
        let rotation = KeyRotation {
            secret_hash,
            expires_at,
            stamp: holder.caller().stamp(now),
            old_ends_at: now.saturating_add_millis(overlap),
        };
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        Ok(self.store.rotate_key(holder.shop.id, number, rotation, claim).await?)
    }

    /// Revokes a key of the caller's shop, or the caller's own, unless it is revoked. Returns the key
    /// and the time of the request.
    ///
    /// A leaked key must not cut off keys with more rights, such as those of the people who would
    /// revoke it. The operator can revoke every key on the command line.
    ///
    /// # Errors
    /// As [`ManageApiKeys::create`].
    pub async fn revoke(
        &self,
        holder: &Principal,
        number: KeyNumber,
    ) -> Result<(ApiKey, Timestamp), ManageApiKeysError> {
        let now = self.clock.now();
        let own = self.rights(holder, now).await?;
        let found = self.store.find_key(holder.shop.id, number).await?;
        let (key, _) = found.ok_or(ManageApiKeysError::KeyNotFound)?;
        // The expiry is no right: a key that expires may revoke one that does not.
        if let Some(excess) = own.excess(&key.scopes, key.user_id, own.expires_at) {
            return Err(ManageApiKeysError::Exceeds(excess));
        }
        let stamp = holder.caller().stamp(now);
        let revoked = self.store.revoke_key(holder.shop.id, number, stamp).await?;
        Ok((revoked.ok_or(ManageApiKeysError::KeyNotFound)?, now))
    }

    /// Returns the caller's rights. Reads a key from the store: the authenticator may have used a cached
    /// one. The role of a user was read with the session, for this request.
    async fn rights(&self, holder: &Principal, now: Timestamp) -> Result<Rights, ManageApiKeysError> {
        let Actor::ApiKey { number, .. } = holder.actor else {
            return Ok(Rights { scopes: holder.scopes.clone(), user_id: None, expires_at: None });
        };
        let found = self.store.find_key(holder.shop.id, number).await?;
        let live = found.filter(|(key, shop)| key.is_live(now) && shop.closed_at.is_none());
        live.map(|(key, _)| key.into()).ok_or(ManageApiKeysError::HolderNotLive)
    }
}
