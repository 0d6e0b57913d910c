//! Restores a backup.
//!
//! Most errors occur before the first file is moved. The backup is copied into the directory of the
//! database and verified there. The log of the old database is moved into its file. Then a short
//! list of [steps](steps::Step) runs. After each step, the database is the complete old or new one.

mod steps;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use hexdesk_domain::Timestamp;

use super::backup::temporary_beside;
use super::connection::read_only;
use super::connection::usage_lock::{UsageLock, beside, like_database, real_path};
use super::counters::{RESTORED, move_logs_ahead};
use super::errors;
use super::verify::{SqliteContents, SqliteUnusable, verify};
use steps::Replaced;

/// A restored backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteRestored {
    /// The contents of the backup.
    pub contents: SqliteContents,
    /// The path of the replaced database.
    pub kept: Option<PathBuf>,
}

/// A backup cannot be restored. The database is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum SqliteRestoreError {
    /// The backup is unusable.
    #[error("{} cannot be restored: {reason}", .backup.display())]
    Unusable {
        /// The backup.
        backup: PathBuf,
        /// The fault of the backup.
        reason: SqliteUnusable,
    },
    /// The backup is incomplete: another file next to it holds a part of the database.
    #[error(
        "{} cannot be restored: a part of it is in {}, so `hexdesk backup` did not make it",
        .backup.display(), .log.display()
    )]
    Incomplete {
        /// The backup.
        backup: PathBuf,
        /// The other file.
        log: PathBuf,
    },
    /// The backup is the database.
    #[error("{} is the database itself; name a backup of it", .0.display())]
    SameFile(PathBuf),
    /// A database exists, and the caller did not ask to replace it.
    #[error(
        "the database {} already exists; --replace keeps it under another name, and restores the \
         backup in its place",
        .0.display()
    )]
    Exists(PathBuf),
    /// A server or another command has the database open.
    #[error("{} is in use; stop the server and all other programs that use it, and try again", .0.display())]
    InUse(PathBuf),
    /// Copying or moving failed.
    #[error("{} cannot be restored to {}: {cause:#}", .backup.display(), .database.display())]
    Failed {
        /// The backup.
        backup: PathBuf,
        /// The database.
        database: PathBuf,
        /// The failure.
        cause: anyhow::Error,
    },
}

/// Restores a copy of `backup` as `database`, on disk when this returns. Replaces an existing
/// database only if `replace` is true, and keeps it in the same directory, with `now` in its name.
/// A crash leaves the complete old or new database. Blocks.
///
/// # Errors
/// [`SqliteRestoreError`].
pub fn restore(
    backup: &Path,
    database: &Path,
    replace: bool,
    now: Timestamp,
) -> Result<SqliteRestored, SqliteRestoreError> {
    let failed = |cause: anyhow::Error| SqliteRestoreError::Failed {
        backup: backup.to_owned(),
        database: database.to_owned(),
        cause,
    };
    let failed_io = |error: io::Error| failed(error.into());
    let mut source = File::open(backup).map_err(failed_io)?;
    let place = real_path(database).map_err(failed_io)?;
    if backup.canonicalize().map_err(failed_io)? == place {
        return Err(SqliteRestoreError::SameFile(database.to_owned()));
    }
    for suffix in ["-wal", "-journal"] {
        let log = beside(backup, suffix);
        if log.metadata().is_ok_and(|metadata| metadata.len() > 0) {
            return Err(SqliteRestoreError::Incomplete { backup: backup.to_owned(), log });
        }
    }
    let in_use = UsageLock::exclusive(&place).map_err(failed_io)?;
    let _in_use = in_use.ok_or_else(|| SqliteRestoreError::InUse(database.to_owned()))?;
    let is_there = place.try_exists().map_err(failed_io)?;
    if is_there && !replace {
        return Err(SqliteRestoreError::Exists(database.to_owned()));
    }
    let mut copy = temporary_beside(&place).map_err(failed)?;
    io::copy(&mut source, &mut copy).map_err(failed_io)?;
    let contents = verify(copy.path())
        .map_err(|reason| SqliteRestoreError::Unusable { backup: backup.to_owned(), reason })?;
    continue_logs(copy.path(), now).map_err(failed)?;
    like_database(copy.as_file(), &place).map_err(failed_io)?;
    copy.as_file().sync_all().map_err(failed_io)?;
    let kept = is_there.then(|| beside(&place, &format!(".replaced-{}", now.to_string().replace(':', ""))));
    let replaced = match &kept {
        None => Replaced::Nothing,
        Some(kept) => match bring_to_rest(&place).map_err(failed)? {
            OldDatabase::AtRest => Replaced::AtRest { kept },
            OldDatabase::Damaged => Replaced::Damaged { kept },
            OldDatabase::InUse => return Err(SqliteRestoreError::InUse(database.to_owned())),
        },
    };
    steps::take(&steps::steps(&place, copy.path(), replaced)).map_err(failed)?;
    Ok(SqliteRestored { contents, kept })
}

/// Moves the logs of the copy ahead of everything that was read from the lost database. Needs no
/// journal, because a crash leaves a copy without a name.
fn continue_logs(copy: &Path, now: Timestamp) -> anyhow::Result<()> {
    let path = copy.to_str().ok_or_else(|| anyhow::anyhow!("the path is not UTF-8"))?;
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")?;
    Ok(move_logs_ahead(&mut connection, now, RESTORED)?)
}

/// The state of the database that is replaced.
enum OldDatabase {
    /// It is complete, in one file, and no other process has it open.
    AtRest,
    /// SQLite cannot read it.
    Damaged,
    /// A program without a [`UsageLock`] has it open.
    InUse,
}

/// Moves the log of the database into its file. SQLite removes the log only if no other process has
/// the database open.
fn bring_to_rest(database: &Path) -> anyhow::Result<OldDatabase> {
    let outcome = leave_log(database);
    match outcome {
        Ok(mode) if mode == "delete" => Ok(OldDatabase::AtRest),
        Ok(_) => Ok(OldDatabase::InUse),
        Err(error) => match error.downcast_ref::<diesel::result::Error>() {
            Some(cause) if errors::is_busy(cause) => Ok(OldDatabase::InUse),
            Some(cause) if errors::is_damaged(cause) => Ok(OldDatabase::Damaged),
            _ => Err(error.context("the existing database cannot be read")),
        },
    }
}

fn leave_log(database: &Path) -> anyhow::Result<String> {
    // Opening a damaged database for writing removes its log on close.
    if let Err(error) = look(database)
        && error.downcast_ref().is_some_and(errors::is_damaged)
    {
        return Err(error);
    }
    let path = database.to_str().ok_or_else(|| anyhow::anyhow!("the path is not UTF-8"))?;
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; BEGIN EXCLUSIVE; COMMIT")?;
    Ok(sql::<Text>("PRAGMA journal_mode = DELETE").get_result(&mut connection)?)
}

fn look(database: &Path) -> anyhow::Result<()> {
    let mut connection = read_only::live(database)?;
    connection.batch_execute("SELECT count(*) FROM sqlite_schema")?;
    Ok(())
}
