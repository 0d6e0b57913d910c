//! Issues API keys for the operator.

use std::collections::BTreeSet;

use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    Actor, ApiKey, ApiKeyStore, AuditStamp, IdempotentOutcome, NewApiKey, Scope, ShopId, StorageError,
    Timestamp, UserId,
};

use super::key_id::KeyId;
use super::key_text::{KeySecret, KeyText};

/// A key could not be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueKeyError {
    /// The operating system returned no random bytes for a secret.
    #[error("the operating system returned no random bytes: {0}")]
    NoRandomBytes(getrandom::Error),
    /// The shop has no such active user.
    #[error("the shop has no such active user")]
    UserNotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A request for a new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRequest {
    /// The shop of the key. It must exist.
    pub shop: ShopId,
    /// The scopes of the key.
    pub scopes: BTreeSet<Scope>,
    /// The author of the comments that the key writes.
    pub user_id: Option<UserId>,
    /// The time from which the key is invalid.
    pub expires_at: Option<Timestamp>,
}

/// Creates a key of a shop, and returns it with its text. The text cannot be read again later.
///
/// # Errors
/// [`IssueKeyError`].
pub async fn issue_key(
    store: &dyn ApiKeyStore,
    request: KeyRequest,
    now: Timestamp,
) -> Result<(ApiKey, KeyText), IssueKeyError> {
    let KeyRequest { shop, scopes, user_id, expires_at } = request;
    let secret = KeySecret::random().map_err(IssueKeyError::NoRandomBytes)?;
    let stamp = AuditStamp { actor: Actor::Operator, time: now, request_id: None };
    let key = NewApiKey { secret_hash: secret.hash(), scopes, user_id, expires_at, stamp };
    match store.create_key(shop, key, None).await? {
        IdempotentOutcome::Ran(CreateKeyOutcome::Created(key)) => {
            let text = secret.text(&key);
            Ok((key, text))
        }
        // Without an idempotency key, this is the only other outcome.
        _ => Err(IssueKeyError::UserNotFound),
    }
}

/// Replaces a live key, and returns the new key with its text. The new key has the old key's expiry,
/// unless `expires_at` is another, or no expiry (`Some(None)`). The old key works until `old_ends_at`
/// or its earlier expiry. Returns `None` if the key does not exist or is not live.
///
/// # Errors
/// [`IssueKeyError`].
pub async fn rotate_key(
    store: &dyn ApiKeyStore,
    id: KeyId,
    now: Timestamp,
    old_ends_at: Timestamp,
    expires_at: Option<Option<Timestamp>>,
) -> Result<Option<(ApiKey, KeyText)>, IssueKeyError> {
    let secret = KeySecret::random().map_err(IssueKeyError::NoRandomBytes)?;
    let stamp = AuditStamp { actor: Actor::Operator, time: now, request_id: None };
    let Some((old, _)) = store.find_key(id.shop, id.number).await? else { return Ok(None) };
    let expires_at = expires_at.unwrap_or(old.expires_at);
    let rotation = KeyRotation { secret_hash: secret.hash(), expires_at, stamp, old_ends_at };
    match store.rotate_key(id.shop, id.number, rotation, None).await? {
        IdempotentOutcome::Ran(RotateKeyOutcome::Rotated(key)) => {
            let text = secret.text(&key);
            Ok(Some((key, text)))
        }
        // Without an idempotency key, the only other outcome is a key that is not live.
        _ => Ok(None),
    }
}
