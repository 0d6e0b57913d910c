use async_trait::async_trait;

use crate::StorageError;

/// Checks whether a store can serve.
///
/// - **READY-1** A store that was just set up is ready.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Succeeds if the store is reachable, has the schema that the adapter was built for, and has
    /// room for writes as far as it knows.
    ///
    /// # Errors
    /// [`StorageError`] that names the missing condition.
    async fn check_ready(&self) -> Result<(), StorageError>;
}
