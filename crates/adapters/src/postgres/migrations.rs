//! Brings the schema up to date, and checks that it is.

use std::sync::Arc;

use async_trait::async_trait;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use hexdesk_domain::{Readiness, StorageError};

use super::PostgresStorage;
use super::connection::ConnectError;
use super::distribution::{distribute_tables, is_distributed};
use super::errors::{Effect, Failure};
use super::search::upgrade;
use crate::sql::folded::{self, CHANGES_FOLDED_FORMS};
use crate::sql::migrations::MigrationState;
use crate::sql::search_upgrade::LAST_MIGRATION;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Only one process migrates at a time. The number identifies this lock.
const LOCK: &str = "SELECT pg_advisory_lock(4850447169812726857)";

/// A connection for blocking code.
pub(super) type Wrapped = AsyncConnectionWrapper<AsyncPgConnection>;

diesel::table! {
    // Kept by diesel.
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// The schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// A newer version of Hexdesk has changed the schema. Nothing was done.
    #[error(
        "the database was migrated by a newer version of Hexdesk ({}): run that version or a later one",
        .0.join(", ")
    )]
    NewerDatabase(Vec<String>),
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection was lost. The running migration was rolled back, unless the server had just
    /// committed it. Earlier migrations were applied.
    #[error("the connection was lost while the database was migrated: {0}")]
    ConnectionLost(anyhow::Error),
    /// The database lacks the extension Citus. Nothing was done.
    #[error(
        "the database cannot be distributed: it lacks the extension citus; create it on every node, and \
         add the nodes with citus_add_node"
    )]
    NotDistributable,
    /// A migration failed and was rolled back. Earlier migrations were applied.
    #[error("the database cannot be migrated: {0}")]
    Failed(anyhow::Error),
}

impl PostgresStorage {
    /// Brings the schema up to date. Returns the names of the applied migrations. Processes that
    /// migrate at the same time wait for each other.
    ///
    /// # Errors
    /// [`MigrateError`].
    pub async fn migrate(&self) -> Result<Vec<String>, MigrateError> {
        // The task ends between two transactions after this future is dropped.
        let caller = Arc::new(());
        let waiting = Arc::downgrade(&caller);
        self.alter_schema(move |connection| {
            let mut done = apply(connection, || waiting.strong_count() > 0)?;
            // A new table of a distributed database is distributed, too.
            if !done.is_empty()
                && is_distributed(connection).map_err(|error| MigrateError::Failed(error.into()))?
            {
                done.extend(
                    distribute_tables(connection).map_err(|error| MigrateError::Failed(error.into()))?,
                );
            }
            Ok(done)
        })
        .await
    }

    /// Runs an operation that no other process runs at the same time.
    pub(super) async fn alter_schema(
        &self,
        alter: impl FnOnce(&mut Wrapped) -> Result<Vec<String>, MigrateError> + Send + 'static,
    ) -> Result<Vec<String>, MigrateError> {
        let mut connection = self.connections.dedicated().await?;
        // Migrations may wait for another process, and may copy large tables. They must not wait
        // long for the lock of a table, because other sessions would queue behind them.
        let ready = connection
            .batch_execute(&format!(
                "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
                 SET lock_timeout = 0; {LOCK}; RESET lock_timeout"
            ))
            .await;
        if let Err(error) = ready {
            let is_lost = connection.batch_execute("").await.is_err();
            return Err(MigrateError::of(error.into(), is_lost));
        }
        // The lock ends with the connection, even if the task below is not awaited.
        let migrated = tokio::task::spawn_blocking(move || {
            let mut connection = connection.into();
            alter(&mut connection).map_err(|error| match error {
                MigrateError::Failed(error) => {
                    MigrateError::of(error, SimpleConnection::batch_execute(&mut connection, "").is_err())
                }
                error => error,
            })
        });
        let names = migrated.await.unwrap_or_else(|error| Err(MigrateError::Failed(error.into())))?;
        // Each new session looks at the origin of the log. The table may be new.
        drop(self.connections.dedicated().await?);
        Ok(names)
    }
}

impl MigrateError {
    fn of(error: anyhow::Error, is_connection_lost: bool) -> Self {
        if is_connection_lost { Self::ConnectionLost(error) } else { Self::Failed(error) }
    }
}

/// Applies the missing migrations, and returns their names. Making words takes many transactions. It
/// stops after one of them if `is_wanted` is false, and the rest is missing then.
pub(super) fn apply(
    connection: &mut Wrapped,
    is_wanted: impl Fn() -> bool,
) -> Result<Vec<String>, MigrateError> {
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| MigrateError::Failed(anyhow::anyhow!(error));
    let known = migrations().map_err(failed)?;
    let applied = connection.applied_migrations().map_err(failed)?;
    let mut unknown: Vec<String> = applied
        .iter()
        .filter(|version| !known.iter().any(|migration| migration.name().version() == **version))
        .map(ToString::to_string)
        .collect();
    if !unknown.is_empty() {
        unknown.sort();
        return Err(MigrateError::NewerDatabase(unknown));
    }
    let mut names = Vec::new();
    for migration in known.iter().filter(|migration| !applied.contains(&migration.name().version())) {
        let is_after_words = migration.name().version() == MigrationVersion::from(LAST_MIGRATION);
        if is_after_words && upgrade::is_needed(connection).map_err(|error| failed(error.into()))? {
            let are_made = upgrade::make_words(connection, &is_wanted).map_err(MigrateError::Failed)?;
            if !are_made {
                break;
            }
        }
        let is_folding = migration.name().version() == MigrationVersion::from(CHANGES_FOLDED_FORMS);
        connection
            .transaction(|connection| {
                connection.run_migration(migration).map_err(|error| anyhow::anyhow!(error))?;
                if is_folding { Ok(folded::postgres::fill_in(connection)?) } else { anyhow::Ok(()) }
            })
            .map_err(MigrateError::Failed)?;
        names.push(migration.name().to_string());
    }
    Ok(names)
}

/// All migrations, oldest first.
fn migrations() -> diesel::migration::Result<Vec<Box<dyn Migration<Pg>>>> {
    let mut migrations = MigrationSource::<Pg>::migrations(&MIGRATIONS)?;
    migrations.sort_by(|one, other| one.name().version().cmp(&other.name().version()));
    Ok(migrations)
}

#[async_trait]
impl Readiness for PostgresStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        let check = async |connection: &mut AsyncPgConnection| {
            if state(connection).await?.missing.is_empty() {
                Ok(())
            } else {
                Err(Failure::Unexpected(
                    "the database is not migrated to this version of Hexdesk; run `hexdesk migrate`",
                ))
            }
        };
        self.connections.run("check_ready", Effect::Read, check).await
    }
}

/// Compares the database's migrations with the program's. Changes nothing.
pub(super) async fn state(connection: &mut AsyncPgConnection) -> Result<MigrationState, Failure> {
    let versions = applied_versions(connection).await?;
    let known =
        migrations().map_err(|_| Failure::Unexpected("the migrations in the program cannot be read"))?;
    Ok(MigrationState::compare(versions, &known))
}

async fn applied_versions(connection: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    // The table does not exist before the first migration.
    let is_there = sql::<Bool>("to_regclass('__diesel_schema_migrations') IS NOT NULL");
    if !diesel::select(is_there).get_result::<bool>(connection).await? {
        return Ok(Vec::new());
    }
    let versions = __diesel_schema_migrations::table.select(__diesel_schema_migrations::version);
    versions.load(connection).await
}
