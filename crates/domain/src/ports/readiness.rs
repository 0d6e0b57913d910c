use async_trait::async_trait;

use crate::StorageError;

/// Tells whether a store can serve.
///
/// - **READY-1** A store that was just set up is ready.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// `Ok` if the store can be reached, its schema is the one the adapter was built for, and
    /// it is not known to lack room for writes.
    ///
    /// # Errors
    /// [`StorageError`] that says what is missing.
    async fn check_ready(&self) -> Result<(), StorageError>;
}
