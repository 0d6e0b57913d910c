//! Checks that a file is a complete database of this version.

use std::path::Path;

use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use super::connection::read_only;
use super::migrations;
use crate::sql::schema::{shops, tickets};

/// The size of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteContents {
    /// The size of its file.
    pub bytes: u64,
    /// The number of shops, including closed ones.
    pub shops: i64,
    /// The number of tickets of all shops.
    pub tickets: i64,
}

/// A file is not usable as a database.
#[derive(Debug, thiserror::Error)]
pub enum SqliteUnusable {
    /// It is not a database of Hexdesk.
    #[error("it is not a Hexdesk database")]
    Foreign,
    /// A newer version of Hexdesk migrated it.
    #[error("it was migrated by a newer version of Hexdesk (unknown here: {}); use that version", .0.join(", "))]
    Newer(Vec<String>),
    /// A part of it is missing or broken.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// SQLite cannot read it.
    #[error("it cannot be read as a SQLite database: {0:#}")]
    Unreadable(anyhow::Error),
}

/// Verifies a file that no process changes, and returns its contents.
pub(super) fn verify(path: &Path) -> Result<SqliteContents, SqliteUnusable> {
    let unreadable = |error: anyhow::Error| SqliteUnusable::Unreadable(error);
    let failed = |error: diesel::result::Error| SqliteUnusable::Unreadable(error.into());
    let bytes = path.metadata().map_err(|error| unreadable(error.into()))?.len();
    let mut connection = read_only::at_rest(path).map_err(unreadable)?;
    let state = migrations::state(&mut connection).map_err(unreadable)?;
    if state.applied.is_empty() {
        return Err(SqliteUnusable::Foreign);
    }
    if !state.unknown.is_empty() {
        return Err(SqliteUnusable::Newer(state.unknown));
    }
    check(&mut connection, "integrity_check").map_err(failed)?.map_err(SqliteUnusable::Damaged)?;
    let orphans: i64 = sql::<diesel::sql_types::BigInt>("SELECT count(*) FROM pragma_foreign_key_check")
        .get_result(&mut connection)
        .map_err(failed)?;
    if orphans > 0 {
        return Err(SqliteUnusable::Damaged(format!("{orphans} rows refer to missing rows")));
    }
    Ok(SqliteContents {
        bytes,
        shops: shops::table.select(count_star()).get_result(&mut connection).map_err(failed)?,
        tickets: tickets::table.select(count_star()).get_result(&mut connection).map_err(failed)?,
    })
}

/// The first problem that `PRAGMA integrity_check` or `quick_check` finds. It names tables and
/// pages, not their contents.
pub(super) fn check(connection: &mut SqliteConnection, pragma: &str) -> QueryResult<Result<(), String>> {
    let finding: String = sql::<Text>(&format!("PRAGMA {pragma}(1)")).get_result(connection)?;
    Ok(if finding == "ok" { Ok(()) } else { Err(finding.replace('\n', " ")) })
}
