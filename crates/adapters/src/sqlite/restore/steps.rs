//! What is done to the files, in order.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::super::backup::sync_directory_of;
use super::super::in_use::beside;

/// What is in the place of the new database.
#[derive(Debug, Clone, Copy)]
pub(super) enum Replaced<'a> {
    Nothing,
    /// A database in one file.
    AtRest {
        kept: &'a Path,
    },
    /// A database that SQLite cannot read; its log may still be of use to somebody.
    Damaged {
        kept: &'a Path,
    },
}

/// Something done to the files that either happens or does not.
#[derive(Debug)]
pub(super) enum Step {
    /// Gives the database a second name, which must be free.
    Keep { database: PathBuf, kept: PathBuf },
    /// Renames a log, if it is there.
    MoveLog { log: PathBuf, kept: PathBuf },
    /// Removes a file, if it is there.
    Remove(PathBuf),
    /// Waits until what was done to the names beside this file is on disk.
    Sync(PathBuf),
    /// Gives the new database its name, and takes it from the old one.
    PutInPlace { new: PathBuf, database: PathBuf },
}

/// How `new`, a file beside it, becomes `database`. A log that lies beside the old one must
/// be gone before: SQLite would take it for the new one's.
pub(super) fn steps(database: &Path, new: &Path, replaced: Replaced<'_>) -> Vec<Step> {
    let database = database.to_owned();
    let mut steps = Vec::new();
    if let Replaced::AtRest { kept } | Replaced::Damaged { kept } = replaced {
        steps.push(Step::Keep { database: database.clone(), kept: kept.to_owned() });
    }
    for suffix in ["-wal", "-journal"] {
        let log = beside(&database, suffix);
        steps.push(match replaced {
            Replaced::Damaged { kept } => Step::MoveLog { log, kept: beside(kept, suffix) },
            Replaced::Nothing | Replaced::AtRest { .. } => Step::Remove(log),
        });
    }
    steps.push(Step::Remove(beside(&database, "-shm")));
    steps.push(Step::Sync(database.clone()));
    steps.push(Step::PutInPlace { new: new.to_owned(), database: database.clone() });
    steps.push(Step::Sync(database));
    steps
}

/// Takes the steps. If one fails, those before it are undone as far as it matters.
pub(super) fn take(steps: &[Step]) -> anyhow::Result<()> {
    for (index, step) in steps.iter().enumerate() {
        if let Err(error) = step.take() {
            undo(&steps[..index]);
            return Err(anyhow::Error::new(error).context(step.to_string()));
        }
    }
    Ok(())
}

/// A database with two names invites to be opened by both, which SQLite does not survive.
fn undo(taken: &[Step]) {
    if taken.iter().any(|step| matches!(step, Step::PutInPlace { .. })) {
        return;
    }
    for step in taken.iter().rev() {
        // What cannot be undone stays beside the database, under a name that says what it is.
        let _ = match step {
            Step::Keep { kept, .. } => std::fs::remove_file(kept),
            Step::MoveLog { log, kept } => std::fs::rename(kept, log),
            Step::Remove(_) | Step::Sync(_) | Step::PutInPlace { .. } => Ok(()),
        };
    }
}

impl Step {
    pub(super) fn take(&self) -> io::Result<()> {
        match self {
            Self::Keep { database, kept } => std::fs::hard_link(database, kept),
            Self::MoveLog { log, kept } => if_there(std::fs::rename(log, kept)),
            Self::Remove(path) => if_there(std::fs::remove_file(path)),
            Self::Sync(path) => sync_directory_of(path),
            Self::PutInPlace { new, database } => std::fs::rename(new, database),
        }
    }
}

fn if_there(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep { database, kept } => {
                write!(formatter, "{} cannot be kept as {}", database.display(), kept.display())
            }
            Self::MoveLog { log: from, kept: to } | Self::PutInPlace { new: from, database: to } => {
                write!(formatter, "{} cannot be renamed {}", from.display(), to.display())
            }
            Self::Remove(path) => write!(formatter, "{} cannot be removed", path.display()),
            Self::Sync(path) => {
                write!(formatter, "the directory of {} cannot be written to disk", path.display())
            }
        }
    }
}
