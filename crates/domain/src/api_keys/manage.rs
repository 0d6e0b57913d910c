//! The use cases: the holder of a key makes and rotates keys of the same shop.

use std::sync::Arc;

use crate::ports::{ApiKeyStore, Clock, CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use crate::{
    ApiKey, ApiKeyDraft, DeferredClaim, Excess, IdempotencyRequest, IdempotentOutcome, KeyNumber, NewApiKey,
    Principal, RenderReceipt, RotationDraft, SecretHash, StorageError, Timestamp, Violation,
};

/// How long a rotated key works beside the new one if nothing was said.
const DEFAULT_OVERLAP_SECONDS: i64 = 24 * 60 * 60;

/// Makes and rotates keys for whoever holds one, within what that one holds.
#[derive(Clone)]
pub struct ManageApiKeys {
    store: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum ManageApiKeysError {
    /// The draft breaks rules: all of them, in the order of [`Field`](crate::Field).
    #[error("the key breaks {} rules", .0.len())]
    Invalid(Vec<Violation>),
    /// The holder's key has been revoked or has expired since it was proven.
    #[error("the key that asks is not live any more")]
    HolderNotLive,
    /// It would be more than the holder's key holds.
    #[error("the key that asks holds less: {0}")]
    Exceeds(Excess),
    /// The shop has no such key.
    #[error("the shop has no such key")]
    KeyNotFound,
    /// The store failed; its kind tells what that means.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ManageApiKeys {
    /// The use cases on these ports.
    pub fn new(store: Arc<dyn ApiKeyStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Adds a key with this secret to the holder's shop. `receipt` renders what the caller
    /// is told of an outcome, to be kept with an idempotency request: without the secret.
    ///
    /// # Errors
    /// [`ManageApiKeysError`]; nothing was written unless the store failed with
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
        let scopes = draft.checked_scopes(now).map_err(ManageApiKeysError::Invalid)?;
        let own = self.live_key(holder, now).await?;
        let user_id = draft.user_id.or(own.user_id);
        let expires_at = draft.expires_at.or(own.expires_at);
        if let Some(excess) = own.excess(&scopes, user_id, expires_at) {
            return Err(ManageApiKeysError::Exceeds(excess));
        }
        let stamp = holder.caller().stamp(now);
        let key = NewApiKey { secret_hash, scopes, user_id, expires_at, stamp };
        let once = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        Ok(self.store.create_key(holder.shop.id, key, once).await?)
    }

    /// Replaces a key of the holder's shop, the holder's own too, by one with this secret;
    /// `receipt` as in [`ManageApiKeys::create`].
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
        let violations = draft.violations(now);
        if !violations.is_empty() {
            return Err(ManageApiKeysError::Invalid(violations));
        }
        let own = self.live_key(holder, now).await?;
        let found = self.store.find_key(holder.shop.id, number).await?;
        let (old, _) = found.ok_or(ManageApiKeysError::KeyNotFound)?;
        let expires_at = draft.expires_at.or(own.expires_at);
        // Scopes and user of a key never change, so that what holds now holds in the store too.
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
        let once = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        Ok(self.store.rotate_key(holder.shop.id, number, rotation, once).await?)
    }

    /// The holder's key as the store keeps it now: an authenticator may have proven it from
    /// what it remembered.
    async fn live_key(&self, holder: &Principal, now: Timestamp) -> Result<ApiKey, ManageApiKeysError> {
        let found = self.store.find_key(holder.shop.id, holder.key_number).await?;
        let live = found.filter(|(key, shop)| key.is_live(now) && shop.closed_at.is_none());
        live.map(|(key, _)| key).ok_or(ManageApiKeysError::HolderNotLive)
    }
}
