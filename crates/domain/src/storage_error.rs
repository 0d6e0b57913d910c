/// Why a store could not do what it was asked, and what the caller can conclude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageErrorKind {
    /// The store cannot be reached or has no room for the request now. Nothing was
    /// written; the same call may succeed later.
    Unavailable,
    /// The store went away in the middle of a write, which took effect as a whole or
    /// not at all. Trying again with the same idempotency key settles it.
    OutcomeUnknown,
    /// Anything else. Nothing was written.
    Unexpected,
}

/// A store failed: what kind of failure, doing what, and the cause. The cause is for
/// logs only and never holds a driver's type in its public face.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {cause:#}")]
pub struct StorageError {
    /// What the caller can conclude.
    pub kind: StorageErrorKind,
    /// The method of the port.
    pub operation: &'static str,
    /// The cause.
    pub cause: anyhow::Error,
}

impl StorageError {
    /// A failure of this kind, of this method, for this cause.
    pub fn new(kind: StorageErrorKind, operation: &'static str, cause: impl Into<anyhow::Error>) -> Self {
        Self { kind, operation, cause: cause.into() }
    }
}
