use crate::Capabilities;

/// Declares the optional capabilities of a store.
///
/// - **CAPABILITY-1** A store declares the capabilities that it has, and always the same ones. The
///   methods of a declared capability work. Each method of a capability that the store lacks fails
///   with [`Unexpected`](crate::StorageErrorKind::Unexpected).
///
/// A caller asks before it uses an optional capability. So the server returns 501 for a search if
/// the store lacks `text_search`.
pub trait StoreCapabilities: Send + Sync {
    /// Returns the capabilities of the store. Constant, and does no work.
    fn capabilities(&self) -> Capabilities;
}
