use async_trait::async_trait;

use crate::{Principal, StorageError};

/// Why a key opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// It is no key, or unknown, revoked or expired; callers are not told which.
    #[error("the API key is not valid")]
    InvalidKey,
    /// It is a live key of a shop that was closed.
    #[error("the shop was closed")]
    ShopClosed,
    /// The keys could not be looked at.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Tells who holds a key.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// The principal that proves itself with this key.
    ///
    /// # Errors
    /// [`AuthenticationError`].
    async fn authenticate(&self, presented_key: &str) -> Result<Principal, AuthenticationError>;
}
