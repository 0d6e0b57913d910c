//! The database file, and commands as transactions.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;

use hexdesk_domain::{StorageError, StorageErrorKind};
use redb::backends::FileBackend;
use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};
use tokio::sync::Mutex;

use crate::errors::{self, OpenError};
use crate::format;

/// The size of redb's cache. Its own default is 1 GiB.
const CACHE_BYTES: usize = 64 << 20;

/// Storage in one redb file, for one process. Acknowledged writes are on disk: every write
/// transaction commits with redb's default durability, `Immediate`.
///
/// Its methods run on blocking threads of the tokio runtime
/// ([`tokio::task::spawn_blocking`]), so they must be called within such a runtime. Dropping
/// the future of a running command does not stop it: it takes effect in full. A command that
/// still waits for its turn never starts.
#[derive(Debug, Clone)]
pub struct RedbStorage {
    database: Arc<Database>,
    /// redb runs one write transaction at a time, and blocks the thread that begins another.
    /// Waiting for this lock blocks no thread.
    pub(crate) write_turn: Arc<Mutex<()>>,
}

impl RedbStorage {
    /// Opens the database at `path`. A missing file is created, readable by its owner only.
    /// Blocks on file operations.
    ///
    /// # Errors
    /// [`OpenError`], which names the path.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = open_file(path).map_err(|error| OpenError::failed(path, error.into()))?;
        let database = FileBackend::new(file)
            .and_then(|file| Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(file))
            .map_err(|error| OpenError::from_redb(path, error))?;
        Self::on(database).map_err(|error| OpenError::failed(path, error))
    }

    /// Returns a storage on an open database.
    pub(crate) fn on(database: Database) -> anyhow::Result<Self> {
        let transaction = database.begin_write()?;
        format::prepare(&transaction)?;
        transaction.commit()?;
        Ok(Self { database: Arc::new(database), write_turn: Arc::default() })
    }

    /// Runs a command in its own write transaction. If the command fails, it writes nothing.
    pub(crate) async fn write<T, C>(&self, operation: &'static str, command: C) -> Result<T, StorageError>
    where
        T: Send + 'static,
        C: FnOnce(&WriteTransaction) -> anyhow::Result<T> + Send + 'static,
    {
        let turn = Arc::clone(&self.write_turn).lock_owned().await;
        let database = Arc::clone(&self.database);
        // A panic may come from the commit. Whether the commit took effect is then unknown.
        run_blocking(operation, StorageErrorKind::OutcomeUnknown, move || {
            // Held until the commit has ended, even if the caller has dropped the future.
            let _turn = turn;
            let not_written = |error| errors::not_written(operation, error);
            let transaction = database.begin_write().map_err(|error| not_written(error.into()))?;
            // A transaction that is dropped without a commit is rolled back.
            let outcome = command(&transaction).map_err(not_written)?;
            transaction.commit().map_err(|error| errors::commit_failed(operation, error))?;
            Ok(outcome)
        })
        .await
    }

    /// Runs a query on the state after the last commit, in parallel with any writer.
    pub(crate) async fn read<T, Q>(&self, operation: &'static str, query: Q) -> Result<T, StorageError>
    where
        T: Send + 'static,
        Q: FnOnce(&ReadTransaction) -> anyhow::Result<T> + Send + 'static,
    {
        self.on_database(operation, move |database| query(&database.begin_read()?)).await
    }

    /// Runs work that commits nothing.
    pub(crate) async fn on_database<T, W>(&self, operation: &'static str, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: FnOnce(&Database) -> anyhow::Result<T> + Send + 'static,
    {
        let database = Arc::clone(&self.database);
        run_reading(operation, move || work(&database)).await
    }
}

/// Runs work that commits nothing on a blocking thread. It continues if the caller drops the future.
pub(crate) async fn run_reading<T, W>(operation: &'static str, work: W) -> Result<T, StorageError>
where
    T: Send + 'static,
    W: FnOnce() -> anyhow::Result<T> + Send + 'static,
{
    let work = move || work().map_err(|error| errors::not_written(operation, error));
    run_blocking(operation, StorageErrorKind::Unexpected, work).await
}

/// Runs `work` on a blocking thread. It continues if the caller drops the future.
async fn run_blocking<T, W>(
    operation: &'static str,
    kind_of_panic: StorageErrorKind,
    work: W,
) -> Result<T, StorageError>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T, StorageError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => {
            // When the runtime shuts down, it cancels only work that has not started.
            let kind = if error.is_cancelled() { StorageErrorKind::Unavailable } else { kind_of_panic };
            Err(StorageError::new(kind, operation, error))
        }
    }
}

fn open_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    sync_directory_of(path)?;
    Ok(file)
}

/// Syncs the name of a new file to disk. redb syncs only its contents.
#[cfg(unix)]
fn sync_directory_of(path: &Path) -> std::io::Result<()> {
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}
