//! The SQLite storage meets the contract.

use hexdesk_adapters::SqliteStorage;
use hexdesk_contract::{StorageFixture, TestStorage, anyhow, async_trait};

struct InAFile;

#[async_trait]
impl StorageFixture for InAFile {
    async fn open(&self) -> anyhow::Result<TestStorage> {
        let directory = tempfile::tempdir()?;
        let storage = SqliteStorage::open(&directory.path().join("hexdesk.db"))?;
        storage.migrate().await?;
        Ok(TestStorage::new(storage).with_guard(directory))
    }
}

hexdesk_contract::storage_contract!(InAFile);
