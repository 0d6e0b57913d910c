//! A storage adapter that implements nothing yet. `docs/writing-a-storage-adapter.md` begins with a
//! copy of it. Each file has one port, with the signature of every method.

// Remove this with the last `not_implemented`.
#![allow(unused_variables, reason = "nothing is implemented yet")]

mod api_keys;
mod archive;
mod comments;
mod credentials;
mod customers;
mod deliveries;
mod events;
mod figures;
mod id_ranges;
mod readiness;
mod retention;
mod saved_replies;
mod search;
mod sessions;
mod shops;
mod tickets;
mod users;
mod webhooks;

use hexdesk_domain::{StorageError, StorageErrorKind};

/// The store. Give it the connection, the pool or the file.
#[derive(Debug, Default)]
pub struct SkeletonStorage {}

impl SkeletonStorage {
    /// Opens a store.
    ///
    /// # Errors
    /// If the store cannot be opened.
    pub async fn open() -> anyhow::Result<Self> {
        Ok(Self::default())
    }
}

/// The result of a method that is not written yet: it failed, and wrote nothing.
fn not_implemented<T>(operation: &'static str) -> Result<T, StorageError> {
    let cause = anyhow::anyhow!("not implemented");
    Err(StorageError::new(StorageErrorKind::Unexpected, operation, cause))
}
