//! Distributes the tables by shop, with the extension Citus.
//!
//! The shops are on every node. The rows of one shop in all other tables are on one node. Tables
//! without a shop stay on the coordinator, which all servers connect to.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::PostgresStorage;
use super::migrations::{MigrateError, Wrapped, apply};

/// The table that is on every node.
const SHOPS: &str = "shops";

/// The tables with the rows of each shop. A table comes after those that it refers to.
const TABLES: &[&str] = &[
    "shop_counters",
    "shop_numbers",
    "customers",
    "users",
    "api_keys",
    "tickets",
    "comments",
    "idempotency_records",
    "events",
];

/// The tables that are distributed, and the one that is on every node.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    std::iter::once(SHOPS).chain(TABLES.iter().copied())
}

/// Settings of the sessions on other nodes, as on the coordinator.
const NODE_SETTINGS: &[&str] = &["enable_seqscan", "enable_hashjoin", "enable_mergejoin"];

impl PostgresStorage {
    /// Migrates, and then distributes all tables by shop that are not distributed yet. Returns the
    /// names of the migrations and of the tables. No server may be running: while a table is
    /// distributed, nothing else can read or write it.
    ///
    /// # Errors
    /// [`MigrateError`]; [`MigrateError::NotDistributable`] without the extension Citus.
    pub async fn distribute(&self) -> Result<Vec<String>, MigrateError> {
        if !self.connections.has_citus() {
            return Err(MigrateError::NotDistributable);
        }
        self.alter_schema(|connection| {
            let mut done = apply(connection)?;
            done.extend(distribute_tables(connection).map_err(|error| MigrateError::Failed(error.into()))?);
            Ok(done)
        })
        .await
    }
}

/// Distributes the tables that are not distributed yet, and returns their names.
pub(super) fn distribute_tables(connection: &mut Wrapped) -> QueryResult<Vec<String>> {
    let present = names(connection, "SELECT logicalrelid::text AS name FROM pg_dist_partition")?;
    let missing = |table: &&&str| !present.iter().any(|present| present == **table);
    let (shops, tables) = ([SHOPS], TABLES.iter().filter(missing).copied().collect::<Vec<_>>());
    let shops: Vec<&str> = shops.iter().filter(|table| missing(&table)).copied().collect();
    // Without it, a foreign key to `shops` makes every other table one of the coordinator.
    connection.batch_execute("SET citus.enable_local_reference_table_foreign_keys = off")?;
    for table in &shops {
        connection.batch_execute(&format!("SELECT create_reference_table('{table}')"))?;
    }
    for table in &tables {
        let with = TABLES.iter().find(|with| *with != table && !tables.contains(with));
        let with = with.or_else(|| tables.iter().take_while(|with| *with != table).next());
        let with = with.map(|with| format!(", colocate_with => '{with}'")).unwrap_or_default();
        connection.batch_execute(&format!("SELECT create_distributed_table('{table}', 'shop_id'{with})"))?;
    }
    for setting in NODE_SETTINGS {
        connection.batch_execute(&format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting} = off', current_database()); END $$;
            SELECT run_command_on_workers(format('ALTER DATABASE %I SET {setting} = off', current_database()))"
        ))?;
    }
    Ok(shops.into_iter().chain(tables).map(str::to_owned).collect())
}

/// Whether the tables were distributed before.
pub(super) fn is_distributed(connection: &mut Wrapped) -> QueryResult<bool> {
    let extension = "SELECT extname::text AS name FROM pg_extension WHERE extname = 'citus'";
    if names(connection, extension)?.is_empty() {
        return Ok(false);
    }
    let shops =
        "SELECT logicalrelid::text AS name FROM pg_dist_partition WHERE logicalrelid = to_regclass('shops')";
    Ok(!names(connection, shops)?.is_empty())
}

fn names(connection: &mut Wrapped, query: &str) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Named {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let found: Vec<Named> = diesel::sql_query(query).load(connection)?;
    Ok(found.into_iter().map(|found| found.name).collect())
}
