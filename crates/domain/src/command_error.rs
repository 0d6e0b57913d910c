//! Why a command was not attempted.

use crate::{StorageError, Violation};

/// Why a use case that checks what it is handed did not come to an outcome.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// What was handed in breaks rules: all of them, in the order of [`Field`](crate::Field).
    #[error("what was handed in breaks {} rules", .0.len())]
    Invalid(Vec<Violation>),
    /// The store failed; its kind tells what that means.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
