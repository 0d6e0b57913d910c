use crate::{StorageError, Violations};

/// The reason why a command has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The request breaks rules. Nothing was written.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The store failed. The caller acts on the kind of the error.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
