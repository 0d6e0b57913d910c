//! Connections, and the commands that run on them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, RunQueryDsl};
use hexdesk_domain::{StorageError, StorageErrorKind};

use crate::sql::statement_log;
use crate::sqlite::connection::interruption::{ABANDONED, Interrupt, Read};
use crate::sqlite::connection::log_keeper::{Attempt, LogKeeper, PATIENCE_AT_END, Removes};
use crate::sqlite::connection::usage_lock::real_path;
use crate::sqlite::errors::{self, SqliteOpenError};
use crate::sqlite::presence;

/// The database file that connections are opened to.
#[derive(Debug, Clone)]
pub(in crate::sqlite) struct DatabaseFile {
    /// An absolute path. SQLite does not read it as a URI or a special name, and later connections
    /// open the same file.
    path: Arc<str>,
    busy_timeout: Duration,
}

impl DatabaseFile {
    /// Checks the path. The file may be missing.
    pub(in crate::sqlite) fn at(path: &Path, busy_timeout: Duration) -> Result<Self, SqliteOpenError> {
        let absolute =
            std::path::absolute(path).map_err(|error| SqliteOpenError::cannot_open(path, error.into()))?;
        if absolute.is_dir() {
            return Err(SqliteOpenError::IsDirectory { path: absolute });
        }
        let Some(text) = absolute.to_str() else {
            return Err(SqliteOpenError::NotUnicode { path: absolute });
        };
        match absolute.parent() {
            Some(directory) if !directory.is_dir() => {
                let directory = directory.to_owned();
                return Err(SqliteOpenError::MissingDirectory { path: absolute, directory });
            }
            _ => {}
        }
        Ok(Self { path: text.into(), busy_timeout })
    }

    /// Creates a missing file. If the path is a symbolic link, creates the file where it leads.
    pub(in crate::sqlite) fn create_if_missing(&self) -> std::io::Result<()> {
        create_private(&real_path(Path::new(&*self.path))?)
    }
}

/// Creates a missing file, readable by its owner only, because it will hold customer data. SQLite
/// gives its other files the same permissions.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// The settings of every connection.
///
/// - `synchronous`: a commit is on disk before it is acknowledged; `fullfsync` ensures that on
///   macOS.
/// - `wal_autocheckpoint`: the log moves into the database every 4,000 pages (about 16 MB). A
///   larger log saves writes of pages that change often. The commit that moves it takes longer.
/// - `journal_size_limit`: a larger log is cut to 64 MiB when it starts again.
/// - `secure_delete`: deleted data is overwritten, also on free pages. It remains in the log until
///   [`LogKeeper`] empties the log.
pub(in crate::sqlite) const SETTINGS: &str = "PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;";

/// More settings of the connection that writes. The indexes by customer keep the latest entries of
/// each customer on separate pages. A cache of 16 MiB holds these pages for a thousand customers.
/// With the default of 2 MB, SQLite would read them from the file again.
const WRITER_SETTINGS: &str = "PRAGMA cache_size = -16384";

/// More settings of the connections that read.
const READER_SETTINGS: &str = "PRAGMA query_only = ON";

/// The purpose of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) enum Role {
    Writer,
    Reader,
    /// Reads while customers are being erased.
    HidingReader,
}

/// A connection that opens again on demand after it was closed.
pub(in crate::sqlite) struct ConnectionSlot {
    file: DatabaseFile,
    role: Role,
    interrupt: Arc<Interrupt>,
    /// On the connection that writes.
    keeper: Option<LogKeeper>,
    connection: Option<SqliteConnection>,
    /// The connection that hides customers who are being erased. Only readers need it, and only
    /// then.
    hiding: Option<SqliteConnection>,
}

impl ConnectionSlot {
    /// A slot with an open connection.
    pub(in crate::sqlite) fn open(file: DatabaseFile, role: Role) -> anyhow::Result<Self> {
        let (interrupt, keeper, connection, hiding) = Default::default();
        let mut slot = Self { file, role, interrupt, keeper, connection, hiding };
        slot.connection()?;
        Ok(slot)
    }

    /// The interrupt of the reads on this connection.
    pub(in crate::sqlite) fn interrupt(&self) -> Arc<Interrupt> {
        Arc::clone(&self.interrupt)
    }

    /// Has the slot keep the log small.
    pub(in crate::sqlite) fn keep_log(&mut self, keeper: LogKeeper) {
        self.keeper = Some(keeper);
    }

    /// Returns the connection. No transaction is open on it.
    pub(in crate::sqlite) fn connection(&mut self) -> anyhow::Result<&mut SqliteConnection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.file, self.role, &self.interrupt)?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Closes the connection, which rolls back an open transaction.
    pub(in crate::sqlite) fn close(&mut self) {
        for connection in [self.connection.take(), self.hiding.take()].into_iter().flatten() {
            // Diesel panics if SQLite cannot close the connection. The thread must continue.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(connection)));
        }
    }

    /// Runs a command in a transaction that takes the write lock at its beginning. A failed command
    /// writes nothing. The log is emptied soon after a command that removes personal data.
    pub(in crate::sqlite) fn write<T>(
        &mut self,
        operation: &'static str,
        removes: Removes,
        command: impl FnOnce(&mut SqliteConnection) -> anyhow::Result<T>,
    ) -> Result<T, StorageError> {
        let unavailable = |cause| StorageError::new(StorageErrorKind::Unavailable, operation, cause);
        self.note_write(removes);
        let connection = self.connection().map_err(unavailable)?;
        // Diesel's transactions are not used. They return the error of a failed rollback instead of
        // the command's error.
        if let Err(error) = connection.batch_execute("BEGIN IMMEDIATE") {
            self.close();
            return Err(unavailable(error.into()));
        }
        match command(connection) {
            Ok(answer) => match connection.batch_execute("COMMIT") {
                Ok(()) => Ok(answer),
                Err(error) => {
                    self.close();
                    Err(StorageError::new(
                        errors::kind_of_failed_commit(&error),
                        operation,
                        errors::explained(error.into()),
                    ))
                }
            },
            Err(error) => {
                // After some errors SQLite has already rolled back, and this fails.
                if connection.batch_execute("ROLLBACK").is_err() {
                    self.close();
                }
                Err(StorageError::new(errors::kind_of(&error), operation, errors::explained(error)))
            }
        }
    }

    /// Notes a write for the time at which the log is emptied.
    pub(in crate::sqlite) fn note_write(&mut self, removes: Removes) {
        if let Some(keeper) = &mut self.keeper {
            keeper.note_write(removes);
        }
    }

    /// Runs a query in a transaction, so that it sees the database of one moment. It does not see
    /// customers who are being erased at that moment.
    pub(in crate::sqlite) fn read<T>(
        &mut self,
        read: &Read,
        operation: &'static str,
        query: impl FnOnce(&mut SqliteConnection) -> anyhow::Result<T>,
    ) -> Result<T, StorageError> {
        let unavailable = |cause| StorageError::new(StorageErrorKind::Unavailable, operation, cause);
        let failed = |error| StorageError::new(errors::kind_of(&error), operation, errors::explained(error));
        let _running = read.begin(&self.interrupt).ok_or_else(|| unavailable(anyhow!(ABANDONED)))?;
        let connection = self.connection().map_err(unavailable)?;
        let begun = connection.batch_execute("BEGIN").map_err(anyhow::Error::from);
        let outcome = match begun.and_then(|()| presence::is_anyone_being_erased(connection)) {
            // Nobody is hidden, so the query reads the tables themselves.
            Ok(false) => query(connection),
            Ok(true) => {
                self.end_reading();
                return query(self.hiding().map_err(unavailable)?).map_err(failed);
            }
            Err(error) => Err(error),
        };
        self.end_reading();
        outcome.map_err(failed)
    }

    /// Ends the transaction of [`Self::read`].
    fn end_reading(&mut self) {
        if self.connection.as_mut().is_some_and(|connection| connection.batch_execute("COMMIT").is_err()) {
            self.close();
        }
    }

    /// Returns the connection that hides customers who are being erased. Its statements each see
    /// the current database.
    fn hiding(&mut self) -> anyhow::Result<&mut SqliteConnection> {
        let connection = match self.hiding.take() {
            Some(connection) => connection,
            None => connect(&self.file, Role::HidingReader, &self.interrupt)?,
        };
        Ok(self.hiding.insert(connection))
    }

    /// When [`Self::keep_up`] has something to do.
    pub(in crate::sqlite) fn upkeep_is_due(&self) -> Option<Instant> {
        self.keeper.as_ref()?.due()
    }

    /// Empties the log if that is due.
    pub(in crate::sqlite) fn keep_up(&mut self) {
        if let Some(attempt) = self.keeper.as_mut().and_then(LogKeeper::attempt) {
            self.empty_log(attempt);
        }
    }

    /// Tries to empty the log before the process ends, and insists if data was removed.
    pub(in crate::sqlite) fn end(&mut self) {
        let deadline = Instant::now() + PATIENCE_AT_END;
        while let Some(attempt) = self.keeper.as_mut().and_then(|keeper| keeper.last_attempt(deadline)) {
            self.empty_log(attempt);
        }
    }

    fn empty_log(&mut self, attempt: Attempt) {
        let Some(mut keeper) = self.keeper.take() else { return };
        let is_empty = self.connection().and_then(|connection| Ok(keeper.empty(attempt, connection)?));
        let is_empty = is_empty.unwrap_or_else(|error| {
            tracing::warn!(%error, "the write-ahead log cannot be emptied");
            self.close();
            false
        });
        keeper.note_attempt(attempt, is_empty);
        self.keeper = Some(keeper);
    }
}

fn connect(file: &DatabaseFile, role: Role, interrupt: &Arc<Interrupt>) -> anyhow::Result<SqliteConnection> {
    let mut connection = SqliteConnection::establish(&file.path)?;
    interrupt.register(&mut connection)?;
    if let Some(instrumentation) = statement_log::instrumentation() {
        connection.set_instrumentation(instrumentation);
    }
    connection.batch_execute(&format!("PRAGMA busy_timeout = {}", file.busy_timeout.as_millis()))?;
    turn_on_wal(&mut connection, file.busy_timeout)?;
    connection.batch_execute(SETTINGS)?;
    connection.batch_execute(&match role {
        Role::Writer => WRITER_SETTINGS.to_owned(),
        Role::Reader => READER_SETTINGS.to_owned(),
        Role::HidingReader => format!("{}{READER_SETTINGS}", presence::VIEWS),
    })?;
    Ok(connection)
}

/// Turns on the write-ahead log, which lets readers and a writer work at the same time.
fn turn_on_wal(connection: &mut SqliteConnection, busy_timeout: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + busy_timeout;
    loop {
        match sql::<Text>("PRAGMA journal_mode = WAL").get_result::<String>(connection) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => bail!(
                "SQLite cannot use a write-ahead log there (journal_mode stays {mode}); \
                 put the database on a local disk"
            ),
            // Two processes may turn it on in a new file at the same time. SQLite then reports a
            // lock to one of them without waiting.
            Err(error) if errors::is_busy(&error) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error).context("the write-ahead log cannot be turned on"),
        }
    }
}
