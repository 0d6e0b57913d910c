//! What went wrong, in terms of the ports.

use std::path::{Path, PathBuf};

use diesel::result::{DatabaseErrorKind, Error};
use hexdesk_domain::StorageErrorKind;

/// A SQLite database could not be opened or migrated: what is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SqliteOpenError {
    /// The directory that is to hold the file is not there.
    #[error("cannot open {}: there is no directory {}; create it or name another path", .path.display(), .directory.display())]
    MissingDirectory {
        /// The database.
        path: PathBuf,
        /// What is missing.
        directory: PathBuf,
    },
    /// The path is a directory's.
    #[error("cannot open {}: it is a directory; name a file in it", .path.display())]
    IsDirectory {
        /// The path.
        path: PathBuf,
    },
    /// The path is no UTF-8, which SQLite needs.
    #[error("cannot open {}: the path is not UTF-8; name another path", .path.display())]
    NotUnicode {
        /// The path.
        path: PathBuf,
    },
    /// The file cannot be created, read, locked or understood.
    #[error(
        "cannot open {}: {source:#}; it must be a SQLite database (or not be there yet) that this \
         user may write, in a directory that this user may write, on a disk with room",
        .path.display()
    )]
    CannotOpen {
        /// The database.
        path: PathBuf,
        /// The cause.
        source: anyhow::Error,
    },
    /// Another database is being put in its place.
    #[error("cannot open {}: `hexdesk restore` is working on it; try again when that has ended", .path.display())]
    BeingRestored {
        /// The database.
        path: PathBuf,
    },
    /// A newer version of Hexdesk migrated the database.
    #[error(
        "{} was migrated by a newer version of Hexdesk (unknown here: {}); run that version, or \
         restore a copy from before",
        .path.display(), .unknown.join(", ")
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The migrations that this version does not know.
        unknown: Vec<String>,
    },
    /// A migration failed. The database is as it was.
    #[error("cannot migrate {}, which is as it was before: {source:#}", .path.display())]
    CannotMigrate {
        /// The database.
        path: PathBuf,
        /// The cause.
        source: anyhow::Error,
    },
}

impl SqliteOpenError {
    pub(super) fn cannot_open(path: &Path, source: anyhow::Error) -> Self {
        Self::CannotOpen { path: path.to_owned(), source }
    }

    pub(super) fn cannot_migrate(path: &Path, source: anyhow::Error) -> Self {
        Self::CannotMigrate { path: path.to_owned(), source }
    }
}

/// The kind of a command's error, when what it wrote has been rolled back.
pub(super) fn kind_of(error: &anyhow::Error) -> StorageErrorKind {
    match error.downcast_ref::<Error>().map(Cause::of) {
        Some(Cause::Busy | Cause::Full | Cause::Io) => StorageErrorKind::Unavailable,
        Some(Cause::Constraint | Cause::Damaged | Cause::Other) | None => StorageErrorKind::Unexpected,
    }
}

/// Whether there was no room for what was to be written.
pub(super) fn is_full(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Error>().map(Cause::of) == Some(Cause::Full)
}

/// The error, with what to do where SQLite does not say it.
pub(super) fn explained(error: anyhow::Error) -> anyhow::Error {
    if is_full(&error) { error.context(NO_ROOM) } else { error }
}

/// What to do about it.
pub(super) const NO_ROOM: &str =
    "no room is left for the database: make room on its disk, and the server goes on by itself";

/// The kind of a failed commit. SQLite has rolled back in this process. But if what
/// failed was to flush the log, a commit record may stand in it that recovery after a
/// crash would honour, until the next transaction overwrites it.
pub(super) fn kind_of_failed_commit(error: &Error) -> StorageErrorKind {
    match Cause::of(error) {
        Cause::Constraint => StorageErrorKind::Unexpected,
        // There was no room for the commit record, or its turn to be written did not come.
        Cause::Full | Cause::Busy => StorageErrorKind::Unavailable,
        Cause::Io | Cause::Damaged | Cause::Other => StorageErrorKind::OutcomeUnknown,
    }
}

/// Whether another connection stands in the way.
pub(super) fn is_busy(error: &Error) -> bool {
    Cause::of(error) == Cause::Busy
}

/// Whether what is in the file is no database, or not a whole one.
pub(super) fn is_damaged(error: &Error) -> bool {
    Cause::of(error) == Cause::Damaged
}

/// Why SQLite refused, as far as it makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Constraint,
    Busy,
    Full,
    Io,
    Damaged,
    Other,
}

impl Cause {
    /// Diesel has kinds for broken constraints. It keeps the result code of everything
    /// else to itself, and asking SQLite for it takes unsafe code, so the message must
    /// do. These messages stand for one result code each (`sqlite3ErrStr` in SQLite) and
    /// have not changed in many years; the library is built in, and tests have it refuse
    /// for want of the lock, of room and of a working disk.
    fn of(error: &Error) -> Self {
        let Error::DatabaseError(kind, information) = error else { return Self::Other };
        match kind {
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation => return Self::Constraint,
            _ => {}
        }
        match information.message() {
            "database is locked" | "database table is locked" | "locking protocol" => Self::Busy,
            "database or disk is full" => Self::Full,
            "disk I/O error" | "unable to open database file" => Self::Io,
            "file is not a database" | "database disk image is malformed" => Self::Damaged,
            _ => Self::Other,
        }
    }
}
