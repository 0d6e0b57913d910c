//! Converts failures to errors of the ports. Defines the errors of opening a file.

use std::path::{Path, PathBuf};

use hexdesk_domain::{StorageError, StorageErrorKind};
use redb::{CommitError, DatabaseError, TableError, TransactionError};

/// The database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A process has the file open. It may be this process.
    #[error("cannot open {}: it is open already, and redb files are for one process at a time", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Any other failure.
    #[error("cannot open {}: {source:#}", .path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: anyhow::Error,
    },
}

impl OpenError {
    pub(crate) fn failed(path: &Path, source: anyhow::Error) -> Self {
        Self::Failed { path: path.to_owned(), source }
    }

    pub(crate) fn from_redb(path: &Path, error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen => Self::InUse { path: path.to_owned() },
            error => Self::failed(path, error.into()),
        }
    }
}

/// Returns the error of a command that failed before its commit. The command wrote nothing.
pub(crate) fn not_written(operation: &'static str, error: anyhow::Error) -> StorageError {
    let kind = match storage_cause(&error) {
        // The disk failed or is full, or it was so earlier: after an I/O error, redb refuses
        // to continue until the file is opened again.
        Some(redb::StorageError::Io(_) | redb::StorageError::PreviousIo) => StorageErrorKind::Unavailable,
        // A broken file, an invalid value, a broken rule of the port or a mistake in this
        // crate. A retry does not help.
        _ => StorageErrorKind::Unexpected,
    };
    StorageError::new(kind, operation, error)
}

/// Returns the error of a command with a failed commit.
pub(crate) fn commit_failed(operation: &'static str, error: CommitError) -> StorageError {
    let kind = match error {
        // redb refused the commit and rolled back.
        CommitError::TransactionPoisoned => StorageErrorKind::Unexpected,
        // redb's documentation: the changes "may already have become durable".
        _ => StorageErrorKind::OutcomeUnknown,
    };
    StorageError::new(kind, operation, error)
}

/// Returns redb's storage error from any of redb's error types.
fn storage_cause(error: &anyhow::Error) -> Option<&redb::StorageError> {
    if let Some(TransactionError::Storage(cause)) = error.downcast_ref() {
        return Some(cause);
    }
    if let Some(TableError::Storage(cause)) = error.downcast_ref() {
        return Some(cause);
    }
    error.downcast_ref()
}
