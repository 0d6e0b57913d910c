/// The kind of a failure of the store. The caller acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageErrorKind {
    /// The store is unreachable or overloaded. Nothing was written. The same call may succeed
    /// later.
    Unavailable,
    /// The connection was lost during a write. The write took effect in full or not at all. A
    /// retry with the same idempotency key is safe and returns the outcome.
    OutcomeUnknown,
    /// Any other failure. Nothing was written.
    Unexpected,
}

/// A failure of a store. The cause is for logs only: callers never depend on a driver's
/// types.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {cause:#}")]
pub struct StorageError {
    /// The kind.
    pub kind: StorageErrorKind,
    /// The method of the port.
    pub operation: &'static str,
    /// The cause.
    pub cause: anyhow::Error,
}

impl StorageError {
    /// A failure of this kind in this method.
    pub fn new(kind: StorageErrorKind, operation: &'static str, cause: impl Into<anyhow::Error>) -> Self {
        Self { kind, operation, cause: cause.into() }
    }
}
