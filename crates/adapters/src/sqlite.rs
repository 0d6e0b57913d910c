//! Storage in one SQLite file.
//!
//! One thread owns the only connection that writes. A few threads own one connection each that only
//! reads. A command is a closure. It goes to a thread over a bounded queue ([`connection`]), and
//! runs in its own transaction. The caller waits for the outcome without holding a thread. Other
//! processes may use the same file at the same time. An erasure of a customer can take several
//! transactions: see [`customers::erase`].
//!
//! Single rows are read with `get_result`, not with `first`: a `LIMIT` as bind parameter makes
//! SQLite prepare the statement again on every call.

mod api_keys;
mod archive;
mod backup;
mod comments;
mod connection;
mod counters;
mod credentials;
mod customers;
mod deliveries;
mod diagnosis;
mod errors;
mod events;
mod figures;
mod id_ranges;
mod idempotency;
mod migrations;
mod pages;
mod presence;
mod restore;
mod retention;
mod saved_replies;
mod search;
mod sessions;
mod shops;
mod tickets;
mod users;
mod verify;
mod webhooks;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{Readiness, StorageError, StorageErrorKind};

use crate::sql::search_upgrade::Progress;
pub use backup::{SqliteBackupError, back_up};
use connection::disk_space::DiskSpace;
use connection::interruption::Read;
use connection::log_keeper::{LogKeeper, Removes};
use connection::slot::{ConnectionSlot, DatabaseFile, Role};
use connection::usage_lock::{UsageLock, beside, real_path};
use connection::worker_threads::WorkerThreads;
use customers::erase::eraser::Eraser;
pub(crate) use diagnosis::diagnose;
pub use errors::SqliteOpenError;
pub use restore::{SqliteRestoreError, SqliteRestored, restore};
pub use verify::{SqliteContents, SqliteUnusable};

/// The options of a SQLite database.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The time to wait for another writing process before a command fails as unavailable. In whole
    /// milliseconds; 5 s by default.
    pub busy_timeout: Duration,
    /// The length of the queue for writes, and of the queue for reads. Further commands fail as
    /// unavailable. At least 1; 1,024 by default.
    pub queue_length: usize,
    /// The number of threads that read. At least 1; 4 by default.
    pub readers: usize,
    /// The size of the write-ahead log, in bytes, above which writes wait up to 20 ms for reads, so
    /// that the log can be emptied. 32 MiB by default.
    pub log_size: u64,
    /// The size of the log, in bytes, above which running lists and searches fail as unavailable,
    /// so that the log can be emptied. 96 MiB by default.
    pub log_limit: u64,
    /// The log is emptied this long after a write, or 500 ms after a removal. 1 minute by default.
    pub log_age: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(5),
            queue_length: 1024,
            readers: 4,
            log_size: 32 << 20,
            log_limit: 96 << 20,
            log_age: Duration::from_secs(60),
        }
    }
}

/// Storage in one SQLite file. Acknowledged writes are on disk.
///
/// Dropping it blocks until every queued command has run.
#[derive(Debug)]
pub struct SqliteStorage {
    path: PathBuf,
    file: DatabaseFile,
    // The fields are dropped in this order. The writing connection closes last, and cleans up.
    eraser: Eraser,
    readers: WorkerThreads,
    writer: Arc<Writer>,
    usage_lock: Arc<UsageLock>,
}

impl SqliteStorage {
    /// Opens the database at `path`, with the default options. Creates a missing file, readable by
    /// its owner only. Blocks.
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
        let usage_lock = UsageLock::shared(path).map_err(|error| cannot_open(error.into()))?;
        let usage_lock =
            usage_lock.ok_or_else(|| SqliteOpenError::BeingRestored { path: path.to_owned() })?;
        file.create_if_missing().map_err(|error| cannot_open(error.into()))?;
        // The writing connection opens first, because it prepares the file for the others.
        let mut writer = ConnectionSlot::open(file.clone(), Role::Writer).map_err(cannot_open)?;
        let readers = (0..options.readers.max(1))
            .map(|_| ConnectionSlot::open(file.clone(), Role::Reader))
            .collect::<Result<Vec<_>, _>>()
            .map_err(cannot_open)?;
        let log = beside(&real_path(path).map_err(|error| cannot_open(error.into()))?, "-wal");
        let interrupts = readers.iter().map(ConnectionSlot::interrupt).collect();
        writer.keep_log(LogKeeper::new(log, options.clone(), interrupts));
        let start = |name, slots| {
            WorkerThreads::start(name, slots, options.queue_length.max(1))
                .map_err(|error| cannot_open(error.into()))
        };
        let readers = start("sqlite-reader", readers)?;
        let threads = start("sqlite-writer", vec![writer])?;
        let writer = Arc::new(Writer { threads, disk_space: Arc::default() });
        let log = ConnectionSlot::open(file.clone(), Role::Reader).map_err(cannot_open)?;
        let eraser = Eraser::start(writer.clone(), log).map_err(|error| cannot_open(error.into()))?;
        Ok(Self { path: path.to_owned(), file, eraser, readers, writer, usage_lock: Arc::new(usage_lock) })
    }

    /// Brings the schema up to date. Returns the names of the applied migrations, in order. Several
    /// processes may call this at the same time. To make the documents of searches again takes many
    /// transactions. If the future is dropped or the process ends, a later call goes on.
    ///
    /// # Errors
    /// [`SqliteOpenError`] if a newer version migrated the database, or a migration fails. The
    /// migration is then undone.
    pub async fn migrate(&self) -> Result<Vec<String>, SqliteOpenError> {
        let failed = |error: StorageError| SqliteOpenError::cannot_migrate(&self.path, error.into());
        let (mut applied, mut are_left) = self.apply_migrations().await?;
        if let Some(rows) = self.write("migrate", migrations::without_documents).await.map_err(failed)? {
            let mut progress = Progress::begin(rows);
            while let Some(made) = self.remove("migrate", migrations::make_documents).await.map_err(failed)? {
                progress.note(made);
            }
            progress.end();
            let (last, are_left_now) = self.apply_migrations().await?;
            applied.extend(last);
            are_left = are_left_now;
        }
        self.eraser.watch(are_left);
        Ok(applied)
    }

    /// Applies migrations, and returns their names and whether customers are being erased.
    async fn apply_migrations(&self) -> Result<(Vec<String>, bool), SqliteOpenError> {
        let migrate = |slot: &mut ConnectionSlot| {
            let migrated = migrations::migrate(slot).and_then(|applied| {
                let are_left = presence::is_anyone_being_erased(slot.connection()?)?;
                Ok((applied, are_left))
            });
            Ok(migrated)
        };
        match self.writer.run("migrate", migrate).await {
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
        self.writer.run(operation, move |slot| slot.write(operation, Removes::Nothing, command)).await
    }

    /// Like [`Self::write`], for a command that removes personal data. Soon after, no file contains
    /// that data.
    async fn remove<T, C>(&self, operation: &'static str, command: C) -> Result<T, StorageError>
    where
        T: Send + 'static,
        C: FnOnce(&mut SqliteConnection) -> anyhow::Result<T> + Send + 'static,
    {
        self.writer.run(operation, move |slot| slot.write(operation, Removes::PersonalData, command)).await
    }

    /// Checks for disk space on the writer thread, so that the check takes no space from a write.
    async fn check_disk_space(&self) -> Result<(), StorageError> {
        let (disk_space, path) = (self.writer.disk_space.clone(), self.path.clone());
        let check = move |_: &mut ConnectionSlot| {
            disk_space
                .check(&path)
                .map_err(|error| StorageError::new(StorageErrorKind::Unavailable, "check_ready", error))
        };
        self.writer.run("check_ready", check).await
    }

    /// Runs a query. During an erasure, each of its statements sees the current database, so values
    /// that must be consistent are read in one statement. A query that can examine many rows asks
    /// `still_wanted` for each of them. Then it ends soon after this future is dropped.
    async fn read<T, Q>(&self, operation: &'static str, query: Q) -> Result<T, StorageError>
    where
        T: Send + 'static,
        Q: FnOnce(&mut SqliteConnection) -> anyhow::Result<T> + Send + 'static,
    {
        let read = Read::default();
        let _caller = read.end_on_drop();
        self.readers.run(operation, move |slot| slot.read(&read, operation, query)).await
    }
}

/// The thread that writes.
#[derive(Debug)]
struct Writer {
    threads: WorkerThreads,
    disk_space: Arc<DiskSpace>,
}

impl Writer {
    /// Queues a job and waits for its outcome: see [`WorkerThreads::run`]. Notes a full disk.
    async fn run<T, J>(&self, operation: &'static str, job: J) -> Result<T, StorageError>
    where
        T: Send + 'static,
        J: FnOnce(&mut ConnectionSlot) -> Result<T, StorageError> + Send + 'static,
    {
        let disk_space = self.disk_space.clone();
        let job = move |slot: &mut ConnectionSlot| {
            let outcome = job(slot);
            if outcome.as_ref().is_err_and(|error| errors::is_full(&error.cause)) {
                disk_space.note_shortage();
            }
            outcome
        };
        self.threads.run(operation, job).await
    }
}

#[async_trait]
impl Readiness for SqliteStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        let missing = self.read("check_ready", migrations::missing).await?;
        if missing.is_empty() {
            return if self.writer.disk_space.is_short() { self.check_disk_space().await } else { Ok(()) };
        }
        let cause = anyhow::anyhow!(
            "the database {} lacks the migrations {}; run `hexdesk migrate`",
            self.path.display(),
            missing.join(", ")
        );
        Err(StorageError::new(StorageErrorKind::Unexpected, "check_ready", cause))
    }
}
