//! Errors of SQLite, and the kinds of [`StorageError`](hexdesk_domain::StorageError) for them.

use std::path::{Path, PathBuf};

use diesel::result::{DatabaseErrorKind, Error};
use hexdesk_domain::StorageErrorKind;

use super::connection::interruption::{ABANDONED, GAVE_WAY};

/// A SQLite database could not be opened or migrated. The message names the cause and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum SqliteOpenError {
    /// The directory of the file is missing.
    #[error("cannot open {}: there is no directory {}; create it or name another path", .path.display(), .directory.display())]
    MissingDirectory {
        /// The database.
        path: PathBuf,
        /// The missing directory.
        directory: PathBuf,
    },
    /// The path is a directory.
    #[error("cannot open {}: it is a directory; name a file in it", .path.display())]
    IsDirectory {
        /// The path.
        path: PathBuf,
    },
    /// The path is not UTF-8, which SQLite needs.
    #[error("cannot open {}: the path is not UTF-8; name another path", .path.display())]
    NotUnicode {
        /// The path.
        path: PathBuf,
    },
    /// The file cannot be created, read or locked, or is not a database.
    #[error(
        "cannot open {}: {source:#}; the file must be a SQLite database or not exist yet; \
         this user must be able to write the file and its directory; the disk must have free space",
        .path.display()
    )]
    CannotOpen {
        /// The database.
        path: PathBuf,
        /// The cause.
        source: anyhow::Error,
    },
    /// `hexdesk restore` is replacing the database.
    #[error("cannot open {}: `hexdesk restore` is replacing it; try again when it has finished", .path.display())]
    BeingRestored {
        /// The database.
        path: PathBuf,
    },
    /// A newer version of Hexdesk migrated the database.
    #[error(
        "{} was migrated by a newer version of Hexdesk (unknown here: {}); run that version, or \
         restore a backup from before the upgrade",
        .path.display(), .unknown.join(", ")
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The migrations that are unknown to this version.
        unknown: Vec<String>,
    },
    /// A migration failed. The database is unchanged.
    #[error("cannot migrate {}, which is unchanged: {source:#}", .path.display())]
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

/// The kind of an error of a command that was rolled back.
pub(super) fn kind_of(error: &anyhow::Error) -> StorageErrorKind {
    match error.downcast_ref::<Error>().map(Cause::of) {
        Some(Cause::Busy | Cause::Full | Cause::Io | Cause::Ended) => StorageErrorKind::Unavailable,
        Some(Cause::Constraint | Cause::Damaged | Cause::Other) | None => StorageErrorKind::Unexpected,
    }
}

/// Whether the disk was full.
pub(super) fn is_full(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Error>().map(Cause::of) == Some(Cause::Full)
}

/// Adds the remedy to the error of a full disk.
pub(super) fn explained(error: anyhow::Error) -> anyhow::Error {
    if is_full(&error) { error.context(NO_ROOM) } else { error }
}

/// The remedy for a full disk.
pub(super) const NO_ROOM: &str =
    "no space is left for the database: free space on its disk, and the server continues by itself";

/// The kind of a failed commit. SQLite has rolled back in this process. But if the flush of the log
/// failed, the log may contain a commit record. Recovery after a crash would apply that record,
/// until the next transaction overwrites it.
pub(super) fn kind_of_failed_commit(error: &Error) -> StorageErrorKind {
    match Cause::of(error) {
        Cause::Constraint => StorageErrorKind::Unexpected,
        // The disk was full, or another process held the lock.
        Cause::Full | Cause::Busy => StorageErrorKind::Unavailable,
        Cause::Io | Cause::Damaged | Cause::Ended | Cause::Other => StorageErrorKind::OutcomeUnknown,
    }
}

/// Whether another connection holds a lock.
pub(super) fn is_busy(error: &Error) -> bool {
    Cause::of(error) == Cause::Busy
}

/// Whether the file is not a database, or is damaged.
pub(super) fn is_damaged(error: &Error) -> bool {
    Cause::of(error) == Cause::Damaged
}

/// The reasons of SQLite that this module distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Constraint,
    Busy,
    Full,
    Io,
    Damaged,
    /// `still_wanted` ended the read.
    Ended,
    Other,
}

impl Cause {
    /// Classifies an error by its message. Diesel has kinds for violated constraints only. It
    /// withholds the result codes of other errors, and reading them from SQLite needs unsafe code.
    /// Each message belongs to one result code (`sqlite3ErrStr` in SQLite) and has not changed in
    /// many years. The library is compiled in, and tests cause a held lock, a full disk and a
    /// broken disk.
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
            ABANDONED | GAVE_WAY => Self::Ended,
            _ => Self::Other,
        }
    }
}
