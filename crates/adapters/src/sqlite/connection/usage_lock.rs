//! Locks a database that is in use, so that no process restores a backup in its place.
//!
//! The lock is on a separate file next to the database, which is never removed. Closing a
//! descriptor of the database file would drop the locks that SQLite holds on it. A lock on a
//! removed file locks nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The lock of a database in use. Several processes can share it.
#[derive(Debug)]
pub(in crate::sqlite) struct UsageLock {
    _lock: File,
}

impl UsageLock {
    /// Locks the database for use, which other processes can do too. Returns `None` if a backup is
    /// being restored. If the file system has no locks, this logs a warning and succeeds: `restore`
    /// fails there.
    pub(in crate::sqlite) fn shared(database: &Path) -> io::Result<Option<Self>> {
        let lock = open(database)?;
        match lock.try_lock_shared() {
            Ok(()) => Ok(Some(Self { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                tracing::warn!(
                    database = %database.display(), %error,
                    "the file system has no locks: `hexdesk restore` does not work here"
                );
                Ok(Some(Self { _lock: lock }))
            }
        }
    }

    /// Prevents other processes from opening the database. Returns `None` if a process has it open.
    ///
    /// # Errors
    /// Any error of the file, including a file system without locks.
    pub(in crate::sqlite) fn exclusive(database: &Path) -> io::Result<Option<Self>> {
        let lock = open(database)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Returns the canonical path, so that two names of one database have one lock. The file may be
/// missing. Its directory must exist.
pub(in crate::sqlite) fn real_path(database: &Path) -> io::Result<PathBuf> {
    match database.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        found_or_not => return found_or_not,
    }
    let absolute = std::path::absolute(database)?;
    let (Some(directory), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(ErrorKind::NotFound.into());
    };
    let directory = directory.canonicalize()?;
    let path = directory.join(name);
    match path.read_link() {
        Ok(target) => real_path(&directory.join(target)),
        Err(_) => Ok(path),
    }
}

/// Returns the path of a file that belongs to a database: its name with `suffix`.
pub(in crate::sqlite) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn open(database: &Path) -> io::Result<File> {
    let database = real_path(database)?;
    let path = beside(&database, "-lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let mut new = options.clone();
    new.create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    let opened = match new.open(&path) {
        Ok(file) => like_database(&file, &database).map(|()| file),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.open(&path),
        Err(error) => Err(error),
    };
    opened.map_err(|error| {
        io::Error::new(error.kind(), format!("the lock file {} cannot be opened: {error}", path.display()))
    })
}

/// Gives the file the owner and permissions of the database, as SQLite does with its own files. So
/// every account that can use the database can use the lock.
#[cfg(unix)]
pub(in crate::sqlite) fn like_database(file: &File, database: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};

    let wanted = match database.metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (wanted.uid(), wanted.gid()) {
        fchown(file, Some(wanted.uid()), Some(wanted.gid()))?;
    }
    file.set_permissions(wanted.permissions())
}

#[cfg(not(unix))]
pub(in crate::sqlite) fn like_database(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}
