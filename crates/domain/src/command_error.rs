use crate::{StorageError, Violations};

/// Why a command has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The request breaks rules. Nothing was written.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The store failed. The kind of the error says what the caller can conclude.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
