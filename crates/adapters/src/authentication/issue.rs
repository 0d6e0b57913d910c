//! Issuing keys, as the operator does.

use std::collections::BTreeSet;

use hexdesk_domain::ports::{CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
use hexdesk_domain::{
    Actor, ApiKey, ApiKeyStore, AuditStamp, IdempotentOutcome, NewApiKey, Scope, ShopId, StorageError,
    Timestamp, UserId,
};

use super::key_id::KeyId;
use super::key_text::{KeySecret, KeyText};

/// Why no key was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueKeyError {
    /// There is nothing to make a secret from.
    #[error("the operating system gave no random bytes: {0}")]
    NoRandomBytes(getrandom::Error),
    /// The shop has no such active user.
    #[error("the shop has no such active user")]
    UserNotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The key that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRequest {
    /// The shop it opens, which must exist.
    pub shop: ShopId,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// The user in whose name it writes comments.
    pub user_id: Option<UserId>,
    /// From when on it opens nothing.
    pub expires_at: Option<Timestamp>,
}

/// Adds a key to a shop and answers it with its text: the only time that the text is
/// there.
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
    let stamp = AuditStamp { actor: Actor::Operator, time: now };
    let key = NewApiKey { secret_hash: secret.hash(), scopes, user_id, expires_at, stamp };
    match store.create_key(shop, key, None).await? {
        IdempotentOutcome::Ran(CreateKeyOutcome::Created(key)) => {
            let text = secret.text(&key);
            Ok((key, text))
        }
        // Nothing else becomes of an operation without an idempotency key.
        _ => Err(IssueKeyError::UserNotFound),
    }
}

/// Replaces a live key and answers the new one, which does not expire, with its text; the
/// old one works until `old_ends_at`. `None` if there is no such key or it is not live.
///
/// # Errors
/// [`IssueKeyError`].
pub async fn rotate_key(
    store: &dyn ApiKeyStore,
    id: KeyId,
    now: Timestamp,
    old_ends_at: Timestamp,
) -> Result<Option<(ApiKey, KeyText)>, IssueKeyError> {
    let secret = KeySecret::random().map_err(IssueKeyError::NoRandomBytes)?;
    let stamp = AuditStamp { actor: Actor::Operator, time: now };
    let rotation = KeyRotation { secret_hash: secret.hash(), expires_at: None, stamp, old_ends_at };
    match store.rotate_key(id.shop, id.number, rotation, None).await? {
        IdempotentOutcome::Ran(RotateKeyOutcome::Rotated(key)) => {
            let text = secret.text(&key);
            Ok(Some((key, text)))
        }
        // Nothing else becomes of an operation without an idempotency key.
        _ => Ok(None),
    }
}
