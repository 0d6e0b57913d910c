//! The steps of a restore: changes to files, in order.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::sqlite::backup::sync_directory_of;
use crate::sqlite::connection::usage_lock::beside;

/// The replaced database.
#[derive(Debug, Clone, Copy)]
pub(super) enum Replaced<'a> {
    Nothing,
    /// A database in one file.
    AtRest {
        kept: &'a Path,
    },
    /// A database that SQLite cannot read. Its log may still be useful.
    Damaged {
        kept: &'a Path,
    },
}

/// A change to files that happens completely or not at all.
#[derive(Debug)]
pub(super) enum Step {
    /// Gives the database a second name, which must not exist.
    Keep { database: PathBuf, kept: PathBuf },
    /// Renames a log, if it exists.
    MoveLog { log: PathBuf, kept: PathBuf },
    /// Removes a file, if it exists.
    Remove(PathBuf),
    /// Waits until changes to the names in this file's directory are on disk.
    Sync(PathBuf),
    /// Renames the new database, which replaces the old one.
    PutInPlace { new: PathBuf, database: PathBuf },
}

/// Returns the steps that turn `new`, a file in the same directory, into `database`. A log of the
/// old database must be removed first: SQLite would read it as the log of the new one.
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

/// Takes the steps. If one fails, undoes the earlier ones where that matters.
pub(super) fn take(steps: &[Step]) -> anyhow::Result<()> {
    for (index, step) in steps.iter().enumerate() {
        if let Err(error) = step.take() {
            undo(&steps[..index]);
            return Err(anyhow::Error::new(error).context(step.to_string()));
        }
    }
    Ok(())
}

/// Undoes the steps, so that the database has one name. Processes that open a database by two names
/// damage it.
fn undo(taken: &[Step]) {
    if taken.iter().any(|step| matches!(step, Step::PutInPlace { .. })) {
        return;
    }
    for step in taken.iter().rev() {
        // A step that cannot be undone leaves a file next to the database, under a descriptive
        // name.
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
                write!(formatter, "{} cannot be renamed to {}", from.display(), to.display())
            }
            Self::Remove(path) => write!(formatter, "{} cannot be removed", path.display()),
            Self::Sync(path) => {
                write!(formatter, "the directory of {} cannot be written to disk", path.display())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use diesel::dsl::sql;
    use diesel::prelude::*;
    use diesel::sql_types::Text;
    use tempfile::TempDir;

    use super::super::{OldDatabase, bring_to_rest};
    use super::*;

    /// Creates a database that holds its name. All of it is in its log.
    fn database(path: &Path, name: &str) -> SqliteConnection {
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        let make = format!(
            "PRAGMA journal_mode = WAL; CREATE TABLE a (name TEXT); CREATE INDEX b ON a (name);
             INSERT INTO a VALUES ('{name}')"
        );
        connection.batch_execute(&make).unwrap();
        connection
    }

    /// Creates a database in one file.
    fn database_at_rest(path: &Path, name: &str) {
        drop(database(path, name));
        assert!(matches!(bring_to_rest(path).unwrap(), OldDatabase::AtRest));
    }

    /// Returns the name that a complete database holds.
    fn name_of(path: &Path) -> String {
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        connection.batch_execute("PRAGMA journal_mode = WAL").unwrap();
        let mut text = |query: &str| sql::<Text>(query).get_result::<String>(&mut connection).unwrap();
        assert_eq!(text("PRAGMA integrity_check"), "ok");
        text("SELECT name FROM a")
    }

    /// Creates the files of a killed server, and the new database.
    fn files() -> (TempDir, [PathBuf; 3]) {
        let directory = tempfile::tempdir().unwrap();
        let [old, new, kept, living] =
            ["hexdesk.db", "new", "kept", "living"].map(|name| directory.path().join(name));
        let connection = database(&living, "old");
        for suffix in ["", "-wal", "-shm"] {
            std::fs::copy(beside(&living, suffix), beside(&old, suffix)).unwrap();
        }
        drop(connection);
        database_at_rest(&new, "new");
        (directory, [old, new, kept])
    }

    #[test]
    fn the_database_is_complete_after_every_step() {
        for taken in 0.. {
            let (_directory, [database, new, kept]) = files();
            assert!(matches!(bring_to_rest(&database).unwrap(), OldDatabase::AtRest));
            let steps = steps(&database, &new, Replaced::AtRest { kept: &kept });
            if taken > steps.len() {
                break;
            }
            take(&steps[..taken]).unwrap();
            let in_place = steps[..taken].iter().any(|step| matches!(step, Step::PutInPlace { .. }));
            assert_eq!(name_of(&database), if in_place { "new" } else { "old" }, "after {taken} steps");
            if in_place {
                assert_eq!(name_of(&kept), "old", "after {taken} steps");
            }
        }
    }

    #[test]
    fn a_failed_step_leaves_the_old_database_under_one_name() {
        let (_directory, [database, new, kept]) = files();
        assert!(matches!(bring_to_rest(&database).unwrap(), OldDatabase::AtRest));
        std::fs::remove_file(&new).unwrap();
        let error = take(&steps(&database, &new, Replaced::AtRest { kept: &kept })).unwrap_err();
        assert!(error.to_string().contains("cannot be renamed"), "{error}");
        assert!(!kept.exists());
        assert_eq!(name_of(&database), "old");
    }

    #[test]
    fn the_new_database_does_not_use_an_old_log() {
        let (_directory, [database, new, _]) = files();
        std::fs::remove_file(&database).unwrap();
        take(&steps(&database, &new, Replaced::Nothing)).unwrap();
        assert_eq!(name_of(&database), "new");
    }

    #[test]
    fn a_damaged_database_is_kept_with_its_log() {
        let (_directory, [database, new, kept]) = files();
        std::fs::write(&database, "This is not a database. ".repeat(1_000)).unwrap();
        let log = b"What is in a log.".to_vec();
        std::fs::write(beside(&database, "-wal"), &log).unwrap();
        assert!(matches!(bring_to_rest(&database).unwrap(), OldDatabase::Damaged));
        take(&steps(&database, &new, Replaced::Damaged { kept: &kept })).unwrap();
        assert_eq!(name_of(&database), "new");
        assert_eq!(std::fs::read(beside(&kept, "-wal")).unwrap(), log);
    }
}
