use async_trait::async_trait;

use crate::{
    ApiKey, AuditStamp, DeferredClaim, IdempotentOutcome, KeyNumber, NewApiKey, Page, SecretHash, Shop,
    ShopId, StorageError, Timestamp,
};

/// What became of a key's creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateKeyOutcome {
    /// It was added.
    Created(ApiKey),
    /// The shop has no such active user; nothing was added.
    UserNotFound,
}

/// The key that takes the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRotation {
    /// What the new key's secret hashes to.
    pub secret_hash: SecretHash,
    /// From when on the new key opens nothing.
    pub expires_at: Option<Timestamp>,
    /// Who rotates, and when: the time the new key is made.
    pub stamp: AuditStamp,
    /// Until when the old key works, if it does not expire earlier.
    pub old_ends_at: Timestamp,
}

/// What became of a key's rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotateKeyOutcome {
    /// The new key; the old one ends with the overlap.
    Rotated(ApiKey),
    /// The shop has no such key, or it is revoked or expired; nothing changed.
    NotLive,
}

/// Keeps API keys. The shop handed in must exist where a key is created.
///
/// - **KEY-1** A created key has a number that no other key of the shop has, and is found
///   with everything as it was handed in, together with its shop, open or closed.
/// - **KEY-2** A number that the shop has no key of is not found; another shop's neither.
/// - **KEY-3** The list holds the shop's keys and no other's, in order of number, revoked
///   and expired ones included. Following `next` from page to page answers each once,
///   `limit` on each page but the last; the last has no `next`. The count is the length of
///   the whole list.
/// - **KEY-4** Revoking sets the time of revocation and answers the key; revoking again
///   keeps the first; a key that is not there is `None`.
/// - **KEY-5** Rotating adds a key with the new secret and expiry and the old one's scopes
///   and user, made at the rotation's time, and ends the old one at `old_ends_at`, or earlier if it
///   expired earlier.
/// - **KEY-6** A key that is not there, revoked or expired cannot be rotated.
/// - **KEY-7** Creating a key that writes in the name of someone who is not an active user
///   of the shop answers `UserNotFound` and adds nothing.
/// - **KEY-8** Creating and rotating a key with a [`DeferredClaim`] meet the obligations of
///   [`IdempotentOutcome`].
///
/// A key is live at `now` if it is not revoked and `now` is before its expiry, if it
/// has one. Neither closing the shop nor the passing of time removes a key. A list may
/// start after the place of no key.
///
/// A rotation uses its own time to decide whether the old key is live; the store never
/// reads the clock. The user of the old key is not checked again, because an inactive
/// user has no live key (USER-10). A recorded rotation is replayed even if the old key
/// has expired or been revoked in between.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds a key.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_key(
        &self,
        shop: ShopId,
        key: NewApiKey,
        once: Option<DeferredClaim<CreateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<CreateKeyOutcome>, StorageError>;

    /// The shop's key of this number, and the shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_key(&self, shop: ShopId, number: KeyNumber)
    -> Result<Option<(ApiKey, Shop)>, StorageError>;

    /// The shop's keys after this one in the list: at most `limit`, which is 1 to
    /// [`MAX_PAGE_ENTRIES`](crate::limits::MAX_PAGE_ENTRIES).
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_keys(
        &self,
        shop: ShopId,
        after: Option<KeyNumber>,
        limit: u32,
    ) -> Result<Page<ApiKey, KeyNumber>, StorageError>;

    /// How many keys the shop has.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_keys(&self, shop: ShopId) -> Result<u64, StorageError>;

    /// Revokes the key.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        stamp: AuditStamp,
    ) -> Result<Option<ApiKey>, StorageError>;

    /// Replaces the key by another. Both work until the old one ends.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        rotation: KeyRotation,
        once: Option<DeferredClaim<RotateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<RotateKeyOutcome>, StorageError>;
}
