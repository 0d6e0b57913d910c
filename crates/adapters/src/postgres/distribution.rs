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

/// The first table with the rows of each shop. The rows of the others are where its rows are.
const FIRST: &str = "shop_counters";

/// All tables that [`PostgresStorage::distribute`] moves to the nodes.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    std::iter::once(SHOPS).chain(PostgresStorage::TABLES_OF_SHOPS.iter().copied())
}

/// Settings of the sessions on other nodes, as on the coordinator.
const NODE_SETTINGS: &[&str] = &["enable_seqscan", "enable_hashjoin", "enable_mergejoin"];

impl PostgresStorage {
    /// The tables with the rows of each shop: all that have the column `shop_id`. A table comes after
    /// those that it refers to.
    pub const TABLES_OF_SHOPS: &'static [&'static str] = &[
        FIRST,
        "shop_numbers",
        "customers",
        "merged_customers",
        "users",
        "api_keys",
        "tickets",
        "comments",
        "idempotency_records",
        "events",
        "log_beginnings",
        "webhooks",
        "webhook_deliveries",
        "webhook_attempts",
        "credentials",
        "sessions",
        "saved_replies",
        "shop_loads",
    ];

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
            let mut done = apply(connection, || true)?;
            done.extend(distribute_tables(connection).map_err(|error| MigrateError::Failed(error.into()))?);
            Ok(done)
        })
        .await
    }
}

/// Distributes the tables that are not distributed yet, and returns their names.
pub(super) fn distribute_tables(connection: &mut Wrapped) -> QueryResult<Vec<String>> {
    let present = names(connection, "SELECT logicalrelid::text AS name FROM pg_dist_partition")?;
    let missing: Vec<&str> =
        tables().filter(|table| !present.iter().any(|present| present == table)).collect();
    connection.transaction(|connection| {
        // The first makes Citus accept several tables in a transaction. Without the second, a foreign
        // key to `shops` keeps every other table on the coordinator.
        connection.batch_execute(
            "SET LOCAL citus.multi_shard_modify_mode = 'sequential';
            SET LOCAL citus.enable_local_reference_table_foreign_keys = off",
        )?;
        for table in &missing {
            connection.batch_execute(&match *table {
                SHOPS => format!("SELECT create_reference_table('{SHOPS}')"),
                FIRST => format!("SELECT create_distributed_table('{FIRST}', 'shop_id')"),
                table => format!(
                    "SELECT create_distributed_table('{table}', 'shop_id', colocate_with => '{FIRST}')"
                ),
            })?;
        }
        QueryResult::Ok(())
    })?;
    // Distributing copies the rows. This removes the originals from the coordinator.
    for table in missing.iter().rev() {
        connection
            .batch_execute(&format!("SELECT truncate_local_data_after_distributing_table('{table}')"))?;
    }
    for setting in NODE_SETTINGS {
        // Citus passes it on to all nodes.
        connection.batch_execute(&format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting} = off', current_database()); END $$"
        ))?;
    }
    Ok(missing.into_iter().map(str::to_owned).collect())
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
