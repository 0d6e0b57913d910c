//! Archives: everything of a shop, in an order that every store can write and read.

#[cfg(feature = "serde")]
mod digest;
mod entry;
#[cfg(feature = "serde")]
mod file;
#[cfg(feature = "serde")]
mod load;

#[cfg(feature = "serde")]
pub use digest::{ArchiveDigest, ShopDigest};
pub use entry::{
    ArchiveEntry, ArchivePlace, ArchivedAttempt, ArchivedDelivery, ArchivedEvent, ArchivedSession,
    ArchivedShop, IdempotencyRecord, MergedCustomer, ShopCounters,
};
#[cfg(feature = "serde")]
pub use file::{ArchiveFileError, ArchiveFileReader, ArchiveFileWriter, ArchiveHeader, ArchiveStep};
#[cfg(feature = "serde")]
pub use load::{ARCHIVE_PAGE, LoadError, LoadedShop, ShopLoad};
