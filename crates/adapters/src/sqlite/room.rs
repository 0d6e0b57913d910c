//! Whether there is room for what is to be written.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

use super::errors;
use super::in_use::real_path;

/// How much there must be: as much as the largest batch of creations needs.
const ROOM_BYTES: u64 = 8 << 20;

/// Whether a write found no room, and none has been found since.
#[derive(Debug, Default)]
pub(super) struct Room(AtomicBool);

impl Room {
    /// Notes that there was none.
    pub(super) fn note_lack(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether there was none when it was last looked for.
    pub(super) fn is_lacking(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Looks for room beside the database, by writing to a file that has no name. What
    /// SQLite could write tells less: its log has places that were used before.
    pub(super) fn look_for(&self, database: &Path) -> anyhow::Result<()> {
        write_beside(database).context(errors::NO_ROOM)?;
        self.0.store(false, Ordering::Relaxed);
        Ok(())
    }
}

fn write_beside(database: &Path) -> io::Result<()> {
    let database = real_path(database)?;
    let mut file = tempfile::tempfile_in(database.parent().unwrap_or(Path::new("/")))?;
    io::copy(&mut io::Read::take(io::repeat(0), ROOM_BYTES), &mut file)?;
    file.flush()
}
