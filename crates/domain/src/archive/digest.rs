use serde::Serialize;
use sha2::{Digest, Sha256};

use super::entry::{ArchiveEntry, ArchivedShop};
use crate::{EventPosition, Shop};

/// Computes the digest of a shop: SHA-256 over the shop and its entries as JSON, a line each. Two stores
/// that hold the same have the same digest.
#[derive(Debug, Clone)]
pub struct ArchiveDigest {
    sha256: Sha256,
    entries: u64,
}

/// The digest of a shop, and the number of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopDigest {
    /// The number of entries.
    pub entries: u64,
    /// The digest.
    pub sha256: [u8; 32],
}

impl std::fmt::Display for ShopDigest {
    /// The digest in hexadecimal.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&hexadecimal(&self.sha256))
    }
}

/// What two stores have in common of a shop. They may count differently.
#[derive(Serialize)]
struct Compared<'a> {
    shop: &'a Shop,
    log_beginning: Option<EventPosition>,
}

impl ArchiveDigest {
    /// The digest of a shop without entries.
    ///
    /// # Errors
    /// An error of JSON, which these types do not cause.
    pub fn new(ArchivedShop { shop, log_beginning, .. }: &ArchivedShop) -> serde_json::Result<Self> {
        let mut digest = Self { sha256: Sha256::new(), entries: 0 };
        digest.add_line(&Compared { shop, log_beginning: *log_beginning })?;
        Ok(digest)
    }

    /// Adds the next entry.
    ///
    /// # Errors
    /// As of [`Self::new`].
    pub fn add(&mut self, entry: &ArchiveEntry) -> serde_json::Result<()> {
        self.entries += 1;
        self.add_line(entry)
    }

    /// The number of entries so far.
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// Returns the digest.
    pub fn finish(self) -> ShopDigest {
        ShopDigest { entries: self.entries, sha256: self.sha256.finalize().into() }
    }

    fn add_line(&mut self, value: &impl Serialize) -> serde_json::Result<()> {
        self.sha256.update(serde_json::to_vec(value)?);
        self.sha256.update(b"\n");
        Ok(())
    }
}

/// The bytes in hexadecimal.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
