use async_trait::async_trait;

use crate::{Principal, StorageError};

/// The reason for rejecting a key.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The text is not a key, or the key is unknown, revoked or expired. Callers do not learn
    /// which.
    #[error("the API key is not valid")]
    InvalidKey,
    /// The key is live, but its shop is closed.
    #[error("the shop was closed")]
    ShopClosed,
    /// The store of the keys failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Authenticates callers by their API key.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Returns the principal that holds this key.
    ///
    /// # Errors
    /// [`AuthenticationError`].
    async fn authenticate(&self, presented_key: &str) -> Result<Principal, AuthenticationError>;
}
