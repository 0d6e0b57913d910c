use async_trait::async_trait;

use crate::{ArchiveEntry, ArchivedShop, PageSize, Shop, ShopId, StorageError};

/// Reads the archive of a shop, as it was at one moment.
#[async_trait]
pub trait ArchiveReader: Send {
    /// The shop, as it was at that moment.
    fn shop(&self) -> &ArchivedShop;

    /// Returns the number of all entries of the archive, to show how long reading takes.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails. The reader is of no use afterwards.
    async fn count_entries(&mut self) -> Result<u64, StorageError>;

    /// Returns the next entries: at most [`PageSize::entries`], and no more after the one by which their
    /// texts reach [`PageSize::bytes`]. There may be fewer. There is none only at the end.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails. The reader is of no use afterwards.
    async fn next_entries(&mut self, size: PageSize) -> Result<Vec<ArchiveEntry>, StorageError>;
}

/// Outcome of beginning to load a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginLoadOutcome {
    /// The shop is being loaded. This many of its entries are loaded: none, unless the load was begun
    /// before.
    Loading(u64),
    /// Another shop has the number or the domain, or the shop is being loaded from another archive.
    /// Nothing was written.
    Taken(Shop),
}

/// Outcome of loading entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadEntriesOutcome {
    /// The entries are loaded.
    Loaded,
    /// The shop is not being loaded, or another number of its entries is loaded. Nothing was written.
    Stale,
}

/// Reads everything of a shop, and writes it into a store that does not have the shop. So every store can
/// be moved to every other.
///
/// - **ARCHIVE-1** An archive holds everything that the shop has: see [`ArchiveEntry`]. Once a store has
///   loaded it, the store answers every call of every port about the shop as the store that it was read
///   from. This includes ids, versions, pages and their positions, searches, replays, and what is due.
/// - **ARCHIVE-2** The entries are in order of [`ArchiveEntry::place`], each once, whatever the sizes of
///   the pages. `count_entries` returns their number, before and while they are read.
/// - **ARCHIVE-3** A reader shows the shop as it was at one moment between the call of `read_archive` and
///   its return. Later changes are not seen. A closed shop is read as any other. A shop that is being
///   loaded is read as it will be when the load is finished. There is no reader for an unknown shop.
/// - **ARCHIVE-4** A load begins if the number and the domain of the shop are free. Otherwise
///   `begin_load` returns [`BeginLoadOutcome::Taken`]. If the shop is being loaded, and was begun with the
///   same [`shop`](ArchivedShop::shop) and [`log_beginning`](ArchivedShop::log_beginning), the load goes
///   on after the entries that are loaded.
/// - **ARCHIVE-5** Until the load is finished, the shop is found as a closed shop. So its keys admit nobody,
///   its sessions and links are not found, and nothing of it is due. `change_shop` does not find it, and
///   retention removes nothing of it. Its domain and its number are taken.
/// - **ARCHIVE-6** Entries are loaded if exactly `after` entries of the shop are loaded. Otherwise
///   `load_entries` returns [`LoadEntriesOutcome::Stale`]. All of the entries are loaded, or none. They are
///   kept as they are, and append no event.
/// - **ARCHIVE-7** Finishing a load makes the shop what it was, open or closed. It returns whether the shop
///   was being loaded.
/// - **ARCHIVE-8** Discarding a load removes the shop and all of its entries. Its number and its domain are
///   free again. It returns whether the shop was being loaded. Every other shop stays.
/// - **ARCHIVE-9** Numbers that a store assigns after a load are larger than the loaded ones, and larger
///   than [`ArchivedShop::counters`]. This includes the numbers of shops, keys and attempts. New events come
///   after the loaded ones. Ranges of ids that are reserved later overlap none that ended at
///   [`ArchivedShop::id_range_ends`] or before.
/// - **ARCHIVE-10** If two callers load a shop at the same time, each entry is loaded once: one of two calls
///   with the same `after` returns `Stale`. No entry is added to a shop whose load is finished or discarded.
///   If loads and creations of shops race for one number or one domain, one of them gets it.
///
/// Callers pass entries of the shop in order of their places, so that everything that an entry refers to
/// comes before it. An entry of another shop, one that is there, one that refers to something that is not,
/// and one that breaks a rule of the shop, such as an address that two users have, fail with the kind
/// `Unexpected`. Other mistakes show in the digest. A store may discard a load in several transactions. Until the last one, the shop can only
/// be discarded.
#[async_trait]
pub trait ArchiveStore: Send + Sync {
    /// Opens the archive of a shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn read_archive(&self, shop: ShopId) -> Result<Option<Box<dyn ArchiveReader>>, StorageError>;

    /// Begins to load a shop, or goes on.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn begin_load(&self, shop: ArchivedShop) -> Result<BeginLoadOutcome, StorageError>;

    /// Returns how many entries of a shop are loaded. `None` if it is not being loaded.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_load(&self, shop: ShopId) -> Result<Option<u64>, StorageError>;

    /// Loads the entries that follow the first `after` ones.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails, or the entries break a rule of the shop.
    async fn load_entries(
        &self,
        shop: ShopId,
        after: u64,
        entries: Vec<ArchiveEntry>,
    ) -> Result<LoadEntriesOutcome, StorageError>;

    /// Finishes the load of a shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn finish_load(&self, shop: ShopId) -> Result<bool, StorageError>;

    /// Removes a shop that is being loaded.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn discard_load(&self, shop: ShopId) -> Result<bool, StorageError>;
}
