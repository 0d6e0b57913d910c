//! Storage in one SQLite file.
//!
//! One thread owns the one connection that writes, a few threads own one each that only
//! reads. A command travels to them as a closure over a bounded queue ([`lane`]) and runs
//! in a transaction of its own ([`connection`]); the caller waits for the answer without
//! holding a thread. Other processes may use the same file at the same time.
//!
//! The one row of a key is asked for by `get_result`, not by `first`: whenever SQLite is given
//! a value for a `LIMIT`, it prepares the statement anew, to plan by that value.

mod api_keys;
mod backup;
mod comments;
mod connection;
mod counters;
mod customers;
mod delete_ticket;
mod diagnosis;
mod erase_customer;
mod errors;
mod event_log;
mod events;
mod id_ranges;
mod in_use;
mod lane;
mod migrations;
mod once;
mod read_only;
mod restore;
mod retention;
mod room;
mod search;
mod search_index;
mod shops;
mod tickets;
mod update_customer;
mod update_ticket;
mod update_user;
mod users;
mod verify;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{Readiness, StorageError, StorageErrorKind};

pub use backup::{SqliteBackupError, back_up};
use connection::{ConnectionSlot, DatabaseFile, Role};
pub(crate) use diagnosis::diagnose;
pub use errors::SqliteOpenError;
use in_use::InUse;
use lane::Lane;
pub use restore::{SqliteRestoreError, SqliteRestored, restore};
use room::Room;
pub use verify::{SqliteContents, SqliteUnusable};

/// How a SQLite database is used.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// How long to wait for another process that is writing before a command fails as
    /// unavailable. In whole milliseconds; 5 s by default.
    pub busy_timeout: Duration,
    /// How many commands may wait, of those that write and of those that read, before
    /// more of them fail as unavailable. At least 1; 1,024 by default.
    pub queue_length: usize,
    /// How many threads read. At least 1; 3 by default.
    pub readers: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), queue_length: 1024, readers: 3 }
    }
}

/// Storage in one SQLite file. What it has acknowledged is on disk.
///
/// Dropping it blocks until every command that was accepted has run.
#[derive(Debug)]
pub struct SqliteStorage {
    path: PathBuf,
    // Dropped in this order: the connection that writes is the last to go, and cleans up.
    readers: Lane,
    writer: Lane,
    room: Arc<Room>,
    _in_use: InUse,
}

impl SqliteStorage {
    /// Opens the database at `path`, with the default options. A file that is not there
    /// is created, for its owner's eyes only. Blocks for as long as files take.
    ///
    /// # Errors
    /// [`SqliteOpenError`] that names the path.
    pub fn open(path: &Path) -> Result<Self, SqliteOpenError> {
        Self::open_with(path, &SqliteOptions::default())
    }

    /// [`Self::open`] with other options.
    ///
    /// # Errors
    /// [`SqliteOpenError`] that names the path.
    pub fn open_with(path: &Path, options: &SqliteOptions) -> Result<Self, SqliteOpenError> {
        let file = DatabaseFile::at(path, options.busy_timeout)?;
        let cannot_open = |source| SqliteOpenError::cannot_open(path, source);
        let in_use = InUse::shared(path).map_err(|error| cannot_open(error.into()))?;
        let in_use = in_use.ok_or_else(|| SqliteOpenError::BeingRestored { path: path.to_owned() })?;
        file.create_if_missing().map_err(|error| cannot_open(error.into()))?;
        // The connection that writes comes first: it makes the file what the others expect.
        let writer = ConnectionSlot::open(file.clone(), Role::Writer).map_err(cannot_open)?;
        let readers = (0..options.readers.max(1))
            .map(|_| ConnectionSlot::open(file.clone(), Role::Reader))
            .collect::<Result<Vec<_>, _>>()
            .map_err(cannot_open)?;
        let start = |name, slots| {
            Lane::start(name, slots, options.queue_length.max(1)).map_err(|error| cannot_open(error.into()))
        };
        Ok(Self {
            path: path.to_owned(),
            readers: start("sqlite-reader", readers)?,
            writer: start("sqlite-writer", vec![writer])?,
            room: Arc::default(),
            _in_use: in_use,
        })
    }

    /// Brings the schema to the one this version is built for and answers the names of
    /// the migrations it took, in order. Several processes may do so at the same time.
    ///
    /// # Errors
    /// [`SqliteOpenError`] if a newer version migrated the database, or a migration fails;
    /// nothing has changed then.
    pub async fn migrate(&self) -> Result<Vec<String>, SqliteOpenError> {
        let migrated = self.writer.run("migrate", |slot| Ok(migrations::migrate(slot))).await;
        match migrated {
            Ok(outcome) => outcome.map_err(|error| error.at(&self.path)),
            Err(error) => Err(SqliteOpenError::cannot_migrate(&self.path, error.into())),
        }
    }

    /// Runs a command in a transaction that may write.
    async fn write<T, C>(&self, operation: &'static str, command: C) -> Result<T, StorageError>
    where
        T: Send + 'static,
        C: FnOnce(&mut SqliteConnection) -> anyhow::Result<T> + Send + 'static,
    {
        let room = self.room.clone();
        self.writer
            .run(operation, move |slot| {
                let outcome = slot.write(operation, command);
                if outcome.as_ref().is_err_and(|error| errors::is_full(&error.cause)) {
                    room.note_lack();
                }
                outcome
            })
            .await
    }

    /// Looks for room on the thread that writes, so that it takes none from what is written.
    async fn look_for_room(&self) -> Result<(), StorageError> {
        let (room, path) = (self.room.clone(), self.path.clone());
        let look = move |_: &mut ConnectionSlot| {
            room.look_for(&path)
                .map_err(|error| StorageError::new(StorageErrorKind::Unavailable, "check_ready", error))
        };
        self.writer.run("check_ready", look).await
    }

    /// Runs a query. Each statement of it sees the database as it is then: whatever must
    /// not change in between is asked for in one.
    async fn read<T, Q>(&self, operation: &'static str, query: Q) -> Result<T, StorageError>
    where
        T: Send + 'static,
        Q: FnOnce(&mut SqliteConnection) -> anyhow::Result<T> + Send + 'static,
    {
        self.readers.run(operation, move |slot| slot.read(operation, query)).await
    }
}

#[async_trait]
impl Readiness for SqliteStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        let missing = self.read("check_ready", migrations::missing).await?;
        if missing.is_empty() {
            return if self.room.is_lacking() { self.look_for_room().await } else { Ok(()) };
        }
        let cause = anyhow::anyhow!(
            "the database {} lacks the migrations {}",
            self.path.display(),
            missing.join(", ")
        );
        Err(StorageError::new(StorageErrorKind::Unexpected, "check_ready", cause))
    }
}
