//! Tells other processes that a database is in use, so that none puts another in its place.
//!
//! The lock is on a file of its own beside the database, and the file stays: closing any
//! descriptor of the database file itself would drop the locks that SQLite holds on it,
//! and a lock on a file that is removed locks nobody out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A database is in use, by whoever holds this and the likes of it.
#[derive(Debug)]
pub(in crate::sqlite) struct UsageLock {
    _lock: File,
}

impl UsageLock {
    /// Says that this process uses the database, as others may at the same time. `None` if
    /// another is being put in its place. Where the file system has no locks, this warns
    /// and goes on: nobody can put another in its place there.
    pub(in crate::sqlite) fn shared(database: &Path) -> io::Result<Option<Self>> {
        let lock = open(database)?;
        match lock.try_lock_shared() {
            Ok(()) => Ok(Some(Self { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                tracing::warn!(
                    database = %database.display(), %error,
                    "the file system has no locks: `hexdesk restore` will not work here"
                );
                Ok(Some(Self { _lock: lock }))
            }
        }
    }

    /// Keeps every other process from opening the database. `None` if one has it open.
    ///
    /// # Errors
    /// Also where the file system has no locks, and nobody can tell.
    pub(in crate::sqlite) fn exclusive(database: &Path) -> io::Result<Option<Self>> {
        let lock = open(database)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Where the database really is: two names of one database have one lock. The file need
/// not be there yet, its directory must.
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

/// A file that belongs to a database: its name with `suffix`.
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

/// Whoever may use the database may use the file too, as with the files that SQLite puts
/// beside it, whichever account was the first.
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
