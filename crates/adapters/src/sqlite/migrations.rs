//! The migrations, which are part of the program.

use std::path::Path;

use anyhow::anyhow;
use diesel::dsl::sql;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use hexdesk_domain::Clock;

use super::connection::slot::ConnectionSlot;
use super::counters::move_logs_ahead;
use super::errors::SqliteOpenError;
use super::search::upgrade;
use crate::clock::SystemClock;
use crate::sql::folded::{self, CHANGES_FOLDED_FORMS};
use crate::sql::migrations::MigrationState;
use crate::sql::search_upgrade::LAST_MIGRATION;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// A database was not migrated.
#[derive(Debug, thiserror::Error)]
pub(super) enum MigrateError {
    #[error("the database is of a newer version")]
    Newer(Vec<String>),
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<diesel::result::Error> for MigrateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl MigrateError {
    pub(super) fn at(self, path: &Path) -> SqliteOpenError {
        match self {
            Self::Newer(unknown) => SqliteOpenError::Newer { path: path.to_owned(), unknown },
            Self::Failed(source) => SqliteOpenError::cannot_migrate(path, source),
        }
    }
}

/// Applies missing migrations under the write lock: all or none, or all up to the one before which
/// documents of searches are made again. Of two processes, the second finds nothing to apply. Moves the
/// logs ahead: see [`move_logs_ahead`].
pub(super) fn migrate(slot: &mut ConnectionSlot) -> Result<Vec<String>, MigrateError> {
    let connection = slot.connection()?;
    let outcome = connection.immediate_transaction(apply_missing);
    if outcome.is_ok() {
        // The file may be a backup that was copied here by hand.
        let moved = connection.immediate_transaction(|connection| {
            move_logs_ahead(connection, SystemClock.now(), 0).map_err(anyhow::Error::from)
        });
        // A full disk accepts no writes now, and a later start tries again.
        let Err(error) = moved else { return outcome };
        tracing::warn!(%error, "the event log cannot be moved ahead; restart the server after a restore");
    }
    slot.close();
    outcome
}

fn apply_missing(connection: &mut SqliteConnection) -> Result<Vec<String>, MigrateError> {
    let known = known()?;
    let applied = connection.applied_migrations().map_err(|error| anyhow!(error))?;
    let is_unknown = |version: &&MigrationVersion<'_>| {
        known.iter().all(|migration| migration.name().version() != **version)
    };
    let mut unknown: Vec<String> = applied.iter().filter(is_unknown).map(ToString::to_string).collect();
    if !unknown.is_empty() {
        unknown.sort();
        return Err(MigrateError::Newer(unknown));
    }
    let mut names = Vec::new();
    for migration in known.iter().filter(|migration| !applied.contains(&migration.name().version())) {
        let is_after_documents = migration.name().version() == MigrationVersion::from(LAST_MIGRATION);
        if is_after_documents && upgrade::is_needed(connection)? {
            break;
        }
        let version = connection.run_migration(migration.as_ref()).map_err(|error| anyhow!(error))?;
        if version == MigrationVersion::from(CHANGES_FOLDED_FORMS) {
            folded::sqlite::fill_in(connection)?;
        }
        names.push(migration.name().to_string());
    }
    Ok(names)
}

/// Returns how many tickets and customers have no documents for searches yet, or `None` if the
/// migrations can go on without.
pub(super) fn without_documents(connection: &mut SqliteConnection) -> anyhow::Result<Option<i64>> {
    if missing(connection)?.is_empty() || !upgrade::is_needed(connection)? {
        return Ok(None);
    }
    Ok(Some(upgrade::rows_left(connection)?))
}

/// Makes the next documents. Returns the number of their tickets and customers, or `None` if none was
/// left, or another process has made them.
pub(super) fn make_documents(connection: &mut SqliteConnection) -> anyhow::Result<Option<i64>> {
    if missing(connection)?.is_empty() || !upgrade::is_needed(connection)? {
        return Ok(None);
    }
    upgrade::make_documents(connection).map(Some)
}

/// The names of the migrations that the database lacks.
pub(super) fn missing(connection: &mut SqliteConnection) -> anyhow::Result<Vec<String>> {
    Ok(state(connection)?.missing)
}

/// Compares the database's migrations with the program's. Changes nothing.
pub(super) fn state(connection: &mut SqliteConnection) -> anyhow::Result<MigrationState> {
    let applied: Vec<String> = if is_migrated(connection)? {
        let versions = __diesel_schema_migrations::table.select(__diesel_schema_migrations::version);
        versions.load(connection)?
    } else {
        Vec::new()
    };
    Ok(MigrationState::compare(applied, &known()?))
}

/// Returns all migrations, in the order in which they apply.
fn known() -> anyhow::Result<Vec<Box<dyn Migration<Sqlite>>>> {
    let mut known = MIGRATIONS.migrations().map_err(|error| anyhow!(error))?;
    known.sort_by(|left, right| left.name().version().cmp(&right.name().version()));
    Ok(known)
}

/// Whether any migration was ever applied.
fn is_migrated(connection: &mut SqliteConnection) -> QueryResult<bool> {
    sql::<Bool>("SELECT count(*) FROM sqlite_schema WHERE name = '__diesel_schema_migrations'")
        .get_result(connection)
}
