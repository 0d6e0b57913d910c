//! The obligations ARCHIVE are in the documentation of [`ArchiveStore`].

use async_trait::async_trait;
use hexdesk_domain::ports::{BeginLoadOutcome, LoadEntriesOutcome};
use hexdesk_domain::{ArchiveEntry, ArchiveReader, ArchiveStore, ArchivedShop, ShopId, StorageError};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl ArchiveStore for SkeletonStorage {
    async fn read_archive(&self, shop: ShopId) -> Result<Option<Box<dyn ArchiveReader>>, StorageError> {
        not_implemented("read_archive")
    }

    async fn begin_load(&self, shop: ArchivedShop) -> Result<BeginLoadOutcome, StorageError> {
        not_implemented("begin_load")
    }

    async fn find_load(&self, shop: ShopId) -> Result<Option<u64>, StorageError> {
        not_implemented("find_load")
    }

    async fn load_entries(
        &self,
        shop: ShopId,
        after: u64,
        entries: Vec<ArchiveEntry>,
    ) -> Result<LoadEntriesOutcome, StorageError> {
        not_implemented("load_entries")
    }

    async fn finish_load(&self, shop: ShopId) -> Result<bool, StorageError> {
        not_implemented("finish_load")
    }

    async fn discard_load(&self, shop: ShopId) -> Result<bool, StorageError> {
        not_implemented("discard_load")
    }
}
