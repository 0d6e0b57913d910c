use async_trait::async_trait;

use crate::{ApiKey, KeyNumber, NewApiKey, SecretHash, Shop, ShopId, StorageError, Timestamp};

/// What became of a key's rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotateKeyOutcome {
    /// The new key; the old one ends with the overlap.
    Rotated(ApiKey),
    /// The shop has no such key, or it is revoked or expired; nothing changed.
    NotLive,
}

/// Keeps API keys. The shop handed in must exist where a key is created, and the user it
/// writes for must be the shop's.
///
/// - **KEY-1** A created key has a number that no other key of the shop has, and is found
///   with everything as it was handed in, together with its shop, open or closed.
/// - **KEY-2** A number that the shop has no key of is not found; another shop's neither.
/// - **KEY-3** The list holds the shop's keys and no other's, in order of number, revoked
///   and expired ones included.
/// - **KEY-4** Revoking sets the time of revocation and answers the key; revoking again
///   keeps the first; a key that is not there is `None`.
/// - **KEY-5** Rotating adds a key with the new secret and the old one's scopes and
///   user and without an expiry, and ends the old one at `old_ends_at`, or earlier if it expired
///   earlier.
/// - **KEY-6** A key that is not there, revoked or expired cannot be rotated.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Adds a key.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_key(&self, shop: ShopId, key: NewApiKey) -> Result<ApiKey, StorageError>;

    /// The shop's key of this number, and the shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_key(&self, shop: ShopId, number: KeyNumber)
    -> Result<Option<(ApiKey, Shop)>, StorageError>;

    /// All keys of the shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_keys(&self, shop: ShopId) -> Result<Vec<ApiKey>, StorageError>;

    /// Revokes the key.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        now: Timestamp,
    ) -> Result<Option<ApiKey>, StorageError>;

    /// Replaces the key with one that has this secret. Both work until `old_ends_at`.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        secret_hash: SecretHash,
        now: Timestamp,
        old_ends_at: Timestamp,
    ) -> Result<RotateKeyOutcome, StorageError>;
}
