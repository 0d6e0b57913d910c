//! The adapter meets the contract.

use hexdesk_contract::{StorageFixture, TestStorage, anyhow, async_trait};
use hexdesk_redb_example::RedbStorage;

struct RedbFile;

#[async_trait]
impl StorageFixture for RedbFile {
    async fn open(&self) -> anyhow::Result<TestStorage> {
        let directory = tempfile::tempdir()?;
        let storage = RedbStorage::open(&directory.path().join("contract.redb"))?;
        Ok(TestStorage::new(storage).with_guard(directory))
    }
}

hexdesk_contract::storage_contract!(RedbFile, without: [text_search]);
