//! The interface between an adapter and the kit.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::Storage;

/// Opens stores for the kit, one for each case.
#[async_trait]
pub trait StorageFixture: Send + Sync {
    /// Opens a new store: empty, with its schema, sharing no data with other stores. Cases run
    /// concurrently, each on its own store and tokio runtime.
    ///
    /// # Errors
    /// Returns any error that occurs while opening. The case fails with it.
    async fn open(&self) -> anyhow::Result<TestStorage>;
}

/// A store to test, and a guard that outlives it.
pub struct TestStorage {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) guard: Box<dyn Any + Send>,
}

impl TestStorage {
    /// A store that needs no guard.
    pub fn new(storage: impl Storage + 'static) -> Self {
        Self { storage: Arc::new(storage), guard: Box::new(()) }
    }

    /// Keeps `guard`, such as a temporary directory or database, while the store is in use. It is
    /// dropped after the store, and after the runtime of the store's tasks and connections. It is
    /// dropped outside of any runtime, so its `drop` may block.
    #[must_use]
    pub fn with_guard(self, guard: impl Any + Send) -> Self {
        Self { guard: Box::new(guard), ..self }
    }
}

impl std::fmt::Debug for TestStorage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TestStorage").finish_non_exhaustive()
    }
}
