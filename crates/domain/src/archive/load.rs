use std::sync::Arc;

use thiserror::Error;

use super::digest::{ArchiveDigest, ShopDigest};
use super::entry::{ArchiveEntry, ArchivedShop};
use crate::ports::{BeginLoadOutcome, LoadEntriesOutcome};
use crate::{ArchiveStore, PageSize, Shop, ShopId, StorageError, TextBytes};

/// Why a shop was not loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// Its number or its domain belongs to another shop. Nothing was written.
    #[error("{}", taken(.wanted, .by))]
    Taken {
        /// The shop of the archive.
        wanted: Shop,
        /// The shop in the store.
        by: Shop,
    },
    /// Another caller loads the shop, or has finished or discarded the load.
    #[error("another process loads shop {0}, or has ended the load: wait for it, or begin again")]
    Interrupted(ShopId),
    /// What the store has is not what was read.
    #[error(
        "shop {shop} differs from its archive: {} and {} entries, digests {expected} and {found}. It serves nobody. \
         Discard the load and begin again",
        .expected.entries, .found.entries
    )]
    Differs {
        /// The shop.
        shop: ShopId,
        /// The digest of what was read.
        expected: ShopDigest,
        /// The digest of what the store has.
        found: ShopDigest,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An entry could not be written as JSON.
    #[error("cannot compute a digest: {0}")]
    Json(#[from] serde_json::Error),
}

fn taken(wanted: &Shop, by: &Shop) -> String {
    if wanted == by {
        return format!(
            "shop {} ({}) exists already, or is being loaded from another archive; nothing was written",
            wanted.id, wanted.domain
        );
    }
    let what = if wanted.id == by.id { "number" } else { "domain" };
    format!(
        "the {what} of shop {} ({}) belongs to shop {} ({}), or that shop is being loaded from another archive; \
         nothing was written",
        wanted.id, wanted.domain, by.id, by.domain
    )
}

/// The entries of one call, and the bytes of their texts.
pub const ARCHIVE_PAGE: PageSize = PageSize { entries: 500, bytes: 1024 * 1024 };

impl ShopDigest {
    /// Reads a shop, and returns its digest. `None` if there is no such shop. `progress` gets the number of
    /// entries that were read.
    ///
    /// # Errors
    /// [`LoadError::Storage`] if the store fails.
    pub async fn read(
        store: &dyn ArchiveStore,
        shop: ShopId,
        mut progress: impl FnMut(u64),
    ) -> Result<Option<Self>, LoadError> {
        let Some(mut reader) = store.read_archive(shop).await? else { return Ok(None) };
        let mut digest = ArchiveDigest::new(reader.shop())?;
        loop {
            let entries = reader.next_entries(ARCHIVE_PAGE).await?;
            if entries.is_empty() {
                return Ok(Some(digest.finish()));
            }
            entries.iter().try_for_each(|entry| digest.add(entry))?;
            progress(digest.entries());
        }
    }
}

/// Loads a shop: its entries one by one, in batches. The store then reads it back, so that the digests of
/// both sides can be compared before it serves anybody.
pub struct ShopLoad {
    store: Arc<dyn ArchiveStore>,
    shop: ShopId,
    /// The entries that were added.
    added: u64,
    /// The entries in the store.
    loaded: u64,
    batch: Vec<ArchiveEntry>,
    batch_bytes: usize,
}

/// A shop that is whole in the store, and does not serve anybody yet.
pub struct LoadedShop {
    store: Arc<dyn ArchiveStore>,
    shop: ShopId,
}

impl ShopLoad {
    /// Begins to load a shop. If a load was interrupted, it goes on: [`Self::add`] skips what is there.
    ///
    /// # Errors
    /// [`LoadError`]
    pub async fn begin(store: Arc<dyn ArchiveStore>, shop: ArchivedShop) -> Result<Self, LoadError> {
        let wanted = shop.shop.clone();
        match store.begin_load(shop).await? {
            BeginLoadOutcome::Taken(by) => Err(LoadError::Taken { wanted, by }),
            BeginLoadOutcome::Loading(loaded) => {
                Ok(Self { store, shop: wanted.id, added: 0, loaded, batch: Vec::new(), batch_bytes: 0 })
            }
        }
    }

    /// How many entries were there when the load began, or are loaded by now.
    pub const fn loaded(&self) -> u64 {
        self.loaded
    }

    /// Adds the next entry.
    ///
    /// # Errors
    /// [`LoadError`]
    pub async fn add(&mut self, entry: ArchiveEntry) -> Result<(), LoadError> {
        self.added += 1;
        if self.added > self.loaded {
            self.batch_bytes += entry.text_bytes();
            self.batch.push(entry);
            if self.batch.len() >= ARCHIVE_PAGE.entries as usize || self.batch_bytes >= ARCHIVE_PAGE.bytes {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), LoadError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        let entries = batch.len() as u64;
        match self.store.load_entries(self.shop, self.loaded, batch).await? {
            LoadEntriesOutcome::Loaded => self.loaded += entries,
            LoadEntriesOutcome::Stale => return Err(LoadError::Interrupted(self.shop)),
        }
        Ok(())
    }

    /// Writes what is left, and compares what the store has with the digest of what was read. `progress` gets
    /// the number of entries that were compared.
    ///
    /// # Errors
    /// [`LoadError`]
    pub async fn verify(
        mut self,
        expected: ShopDigest,
        progress: impl FnMut(u64),
    ) -> Result<LoadedShop, LoadError> {
        self.flush().await?;
        let Self { store, shop, .. } = self;
        let found = ShopDigest::read(&*store, shop, progress).await?.ok_or(LoadError::Interrupted(shop))?;
        if found != expected {
            return Err(LoadError::Differs { shop, expected, found });
        }
        Ok(LoadedShop { store, shop })
    }
}

impl LoadedShop {
    /// Lets the shop serve.
    ///
    /// # Errors
    /// [`LoadError`]
    pub async fn finish(self) -> Result<(), LoadError> {
        if self.store.finish_load(self.shop).await? { Ok(()) } else { Err(LoadError::Interrupted(self.shop)) }
    }
}
