//! The reference adapter meets the contract.

use hexdesk_contract::{MemoryStorage, StorageFixture, TestStorage, anyhow, async_trait};

struct InMemory;

#[async_trait]
impl StorageFixture for InMemory {
    async fn open(&self) -> anyhow::Result<TestStorage> {
        Ok(TestStorage::new(MemoryStorage::new()))
    }
}

hexdesk_contract::storage_contract!(InMemory);
