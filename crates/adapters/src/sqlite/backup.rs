//! Backs up a database that is in use.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use diesel::prelude::*;
use diesel::sql_types::Text;
use tempfile::NamedTempFile;

use super::connection::read_only;
use super::connection::usage_lock::{UsageLock, real_path};
use super::verify::{SqliteContents, SqliteUnusable, verify};

/// A database was not backed up. No file was left.
#[derive(Debug, thiserror::Error)]
pub enum SqliteBackupError {
    /// The database does not exist.
    #[error("the database {} does not exist; name another one with --database-url", .0.display())]
    Missing(PathBuf),
    /// `hexdesk restore` is using the database.
    #[error("`hexdesk restore` is replacing {}; try again when it has finished", .0.display())]
    BeingRestored(PathBuf),
    /// A file with the backup's name exists.
    #[error("{} already exists; name a new file", .0.display())]
    Exists(PathBuf),
    /// The written backup is unusable, because the database is unusable too.
    #[error("{} cannot be backed up: {reason}", .database.display())]
    Unusable {
        /// The database.
        database: PathBuf,
        /// The fault of the database.
        reason: SqliteUnusable,
    },
    /// Reading or writing failed.
    #[error("{} cannot be backed up to {}: {cause:#}", .database.display(), .target.display())]
    Failed {
        /// The database.
        database: PathBuf,
        /// The backup.
        target: PathBuf,
        /// The failure.
        cause: anyhow::Error,
    },
}

/// Writes a backup of the database to `target`, which must not exist. Only the owner can read the
/// file. It is on disk when this returns. Other processes may use the database meanwhile. The
/// backup contains everything that was acknowledged before this call. Blocks.
///
/// # Errors
/// [`SqliteBackupError`].
pub fn back_up(database: &Path, target: &Path) -> Result<SqliteContents, SqliteBackupError> {
    let failed =
        |cause| SqliteBackupError::Failed { database: database.to_owned(), target: target.to_owned(), cause };
    if !database.is_file() {
        return Err(SqliteBackupError::Missing(database.to_owned()));
    }
    if target.symlink_metadata().is_ok() {
        return Err(SqliteBackupError::Exists(target.to_owned()));
    }
    let in_use = UsageLock::shared(database).map_err(|error| failed(error.into()))?;
    let _in_use = in_use.ok_or_else(|| SqliteBackupError::BeingRestored(database.to_owned()))?;
    let partial = temporary_beside(target).map_err(failed)?;
    copy(database, partial.path()).map_err(failed)?;
    partial.as_file().sync_all().map_err(|error| failed(error.into()))?;
    let contents = verify(partial.path())
        .map_err(|reason| SqliteBackupError::Unusable { database: database.to_owned(), reason })?;
    match partial.persist_noclobber(target) {
        Ok(_) => {}
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(SqliteBackupError::Exists(target.to_owned()));
        }
        Err(refused) => return Err(failed(refused.error.into())),
    }
    sync_directory_of(target).map_err(|error| failed(error.into()))?;
    Ok(contents)
}

/// `VACUUM INTO` reads in one transaction, so it writes a consistent database without a log.
fn copy(database: &Path, target: &Path) -> anyhow::Result<()> {
    let mut connection = read_only::live(&real_path(database)?)?;
    let target = target.to_str().context("the path is not UTF-8")?;
    diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(target).execute(&mut connection)?;
    Ok(())
}

/// Creates a file in the same directory, readable by its owner only, which is removed on drop. A
/// killed process leaves it, with a name that ends in `.partial`. It can be removed by hand.
pub(super) fn temporary_beside(path: &Path) -> anyhow::Result<NamedTempFile> {
    let path = std::path::absolute(path)?;
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        anyhow::bail!("the path does not name a file");
    };
    let mut prefix = name.to_owned();
    prefix.push(".");
    tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".partial")
        .tempfile_in(directory)
        .with_context(|| format!("the directory {} must exist and be writable", directory.display()))
}

/// Waits until the names in the file's directory are on disk.
pub(super) fn sync_directory_of(path: &Path) -> io::Result<()> {
    // Other systems cannot open directories.
    #[cfg(unix)]
    if let Some(directory) = std::path::absolute(path)?.parent() {
        std::fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}
