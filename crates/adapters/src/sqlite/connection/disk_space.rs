//! Detects a full disk.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

use super::usage_lock::real_path;
use crate::sqlite::errors;

/// The minimum free space, which the largest batch of creations needs.
const MIN_FREE_BYTES: u64 = 8 << 20;

/// Whether the disk was full at a write, and no check has found space since.
#[derive(Debug, Default)]
pub(in crate::sqlite) struct DiskSpace {
    is_short: AtomicBool,
}

impl DiskSpace {
    /// Notes that a write found the disk full.
    pub(in crate::sqlite) fn note_shortage(&self) {
        self.is_short.store(true, Ordering::Relaxed);
    }

    /// Whether the disk was full at the last write or check.
    pub(in crate::sqlite) fn is_short(&self) -> bool {
        self.is_short.load(Ordering::Relaxed)
    }

    /// Checks for space by writing to an unnamed file in the database's directory. A write of
    /// SQLite would prove less, because its log has pages that were used before.
    pub(in crate::sqlite) fn check(&self, database: &Path) -> anyhow::Result<()> {
        write_beside(database).context(errors::NO_ROOM)?;
        self.is_short.store(false, Ordering::Relaxed);
        Ok(())
    }
}

fn write_beside(database: &Path) -> io::Result<()> {
    let database = real_path(database)?;
    let mut file = tempfile::tempfile_in(database.parent().unwrap_or(Path::new("/")))?;
    io::copy(&mut io::Read::take(io::repeat(0), MIN_FREE_BYTES), &mut file)?;
    file.flush()
}
