//! Issuing keys.

use std::collections::BTreeSet;

use hexdesk_domain::ports::RotateKeyOutcome;
use hexdesk_domain::{ApiKey, ApiKeyStore, NewApiKey, Scope, ShopId, StorageError, Timestamp};

use super::key_id::KeyId;
use super::key_text::{KeyText, Secret};

/// Why no key was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueKeyError {
    /// There is nothing to make a secret from.
    #[error("the operating system gave no random bytes: {0}")]
    NoRandomBytes(getrandom::Error),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Adds a key to a shop, which must exist, and answers it with its text: the only time
/// that the text is there.
///
/// # Errors
/// [`IssueKeyError`].
pub async fn issue_key(
    store: &dyn ApiKeyStore,
    shop: ShopId,
    scopes: BTreeSet<Scope>,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(ApiKey, KeyText), IssueKeyError> {
    let secret = Secret::random().map_err(IssueKeyError::NoRandomBytes)?;
    let key = NewApiKey { secret_hash: secret.hash(), scopes, created_at: now, expires_at };
    let key = store.create_key(shop, key).await?;
    let text = KeyText::new(KeyId { shop: key.shop_id, number: key.number }, &secret);
    Ok((key, text))
}

/// Replaces a live key and answers the new one with its text; the old one
/// works until `old_ends_at`. `None` if there is no such key or it is not live.
///
/// # Errors
/// [`IssueKeyError`].
pub async fn rotate_key(
    store: &dyn ApiKeyStore,
    id: KeyId,
    now: Timestamp,
    old_ends_at: Timestamp,
) -> Result<Option<(ApiKey, KeyText)>, IssueKeyError> {
    let secret = Secret::random().map_err(IssueKeyError::NoRandomBytes)?;
    match store.rotate_key(id.shop, id.number, secret.hash(), now, old_ends_at).await? {
        RotateKeyOutcome::Rotated(key) => {
            let text = KeyText::new(KeyId { shop: key.shop_id, number: key.number }, &secret);
            Ok(Some((key, text)))
        }
        RotateKeyOutcome::NotLive => Ok(None),
    }
}
