use async_trait::async_trait;

use crate::{
    ApiKey, AuditStamp, DeferredClaim, IdempotentOutcome, KeyNumber, NewApiKey, Page, PageSize, SecretHash,
    Shop, ShopId, StorageError, Timestamp,
};

/// Outcome of creating a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateKeyOutcome {
    /// The key was added.
    Created(ApiKey),
    /// The shop has no such active user. Nothing was added.
    UserNotFound,
}

/// The new key of a rotation, and the end of the old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRotation {
    /// The hash of the new key's secret.
    pub secret_hash: SecretHash,
    /// The expiry of the new key.
    pub expires_at: Option<Timestamp>,
    /// The actor and the time of the rotation. The new key is created at this time.
    pub stamp: AuditStamp,
    /// The time at which the old key stops working, unless it expires earlier.
    pub old_ends_at: Timestamp,
}

/// Outcome of rotating a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotateKeyOutcome {
    /// The new key. The old one ends with the overlap.
    Rotated(ApiKey),
    /// The shop has no such key, or the key is revoked or expired. Nothing changed.
    NotLive,
}

/// Stores API keys. Callers create keys only in shops that exist.
///
/// - **KEY-1** A created key has a number that no other key of the shop has. It is found with every
///   value as given, together with its shop, open or closed.
/// - **KEY-2** A number that no key of the shop has is not found, even if a key of another shop has
///   it.
/// - **KEY-3** The list holds the shop's keys and no other keys, including revoked and expired
///   keys. It is in order of number, smallest first. Following `next` from page to page returns
///   every key once. Each page except the last is full. The last page has no `next`. The count is
///   the length of the whole list.
/// - **KEY-4** Revoking a key sets its time of revocation and returns the key. Revoking it again
///   keeps the first time. If the shop has no such key, the call returns `None`.
/// - **KEY-5** A rotation adds a key with the new secret, the new expiry, and the old key's scopes
///   and user. The new key is created at the rotation's time. The old key ends at `old_ends_at`, or
///   at its own expiry if that is earlier.
/// - **KEY-6** A key that does not exist, is revoked or has expired cannot be rotated.
/// - **KEY-7** If the user of a new key is not an active user of the shop, the creation returns
///   `UserNotFound` and adds nothing.
/// - **KEY-8** A creation or rotation with a [`DeferredClaim`] meets the obligations of
///   [`IdempotentOutcome`].
/// - **KEY-9** If revocations of one key race, with each other or with the deactivation of its user,
///   exactly one takes effect. Every call returns the time of that one.
/// - **KEY-10** If rotations and revocations of one key race, they take effect one after another. A
///   revoked key is not rotated and does not change any more. An ended key is not rotated again.
///
/// A key is live at `now` if it is not revoked and has not expired. It has expired if it has an
/// expiry and `now` is the expiry or later. Closing the shop removes no key, and expiring removes
/// none. A list may start after a number that no key has.
///
/// A rotation uses its own time to decide whether the old key is live. The store never reads the
/// clock. A rotation does not check the user of the old key again, because an inactive user has no
/// live key (USER-10). A recorded rotation is replayed even if the old key has expired or was
/// revoked in the meantime.
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
        claim: Option<DeferredClaim<CreateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<CreateKeyOutcome>, StorageError>;

    /// Returns the shop's key with this number, and the shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_key(&self, shop: ShopId, number: KeyNumber)
    -> Result<Option<(ApiKey, Shop)>, StorageError>;

    /// Returns the shop's keys after this one in the list: a page of this size.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_keys(
        &self,
        shop: ShopId,
        after: Option<KeyNumber>,
        size: PageSize,
    ) -> Result<Page<ApiKey, KeyNumber>, StorageError>;

    /// Returns the number of the shop's keys.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_keys(&self, shop: ShopId) -> Result<u64, StorageError>;

    /// Revokes the key and returns it.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        stamp: AuditStamp,
    ) -> Result<Option<ApiKey>, StorageError>;

    /// Adds a key that replaces this one. Both work until the old one ends.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        rotation: KeyRotation,
        claim: Option<DeferredClaim<RotateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<RotateKeyOutcome>, StorageError>;
}
