//! Every statement of a shop compares the shop of each table with a parameter. So the statement cannot
//! read another shop's rows, and a database that is distributed by shop runs it on one node.

use std::collections::BTreeSet;
use std::sync::Mutex;

use hexdesk_adapters::{PostgresOptions, PostgresStorage};
use hexdesk_contract::{CASES, Case, StorageFixture, TestStorage, anyhow, async_trait};
use hexdesk_test_postgres::Cluster;

use crate::explained::{Explained, explained};
use crate::postgres::tell_sessions_to_explain;
use crate::postgres_database::migrated;

/// Statements of the installation, for all shops.
const OF_ALL_SHOPS: &[&str] = &[
    // Looks for old idempotency records, and removes them.
    "SELECT shop_id, idempotency_key, operation FROM idempotency_records WHERE created_at <",
    "ORDER BY \"idempotency_records\".\"created_at\"",
    // Moves a copied log ahead.
    "UPDATE shop_counters SET changes = greatest(changes +",
    // Looks for webhooks with something to do.
    "FROM webhooks AS webhook JOIN shops",
];

/// On one server, statements that look up words name the shop by these words: see decision 10.
const BY_WORDS: &[&str] = &["WITH term AS", "FROM customers AS found WHERE found.words"];

/// Storages on databases that log the plans of all statements.
struct Explaining {
    cluster: Cluster,
    is_distributed: bool,
}

#[async_trait]
impl StorageFixture for Explaining {
    async fn open(&self) -> anyhow::Result<TestStorage> {
        let database = migrated(&self.cluster);
        tell_sessions_to_explain(&database);
        database.psql(&format!("ALTER DATABASE {} SET plan_cache_mode = force_generic_plan", database.name));
        let options = PostgresOptions {
            pending_list_cleanup: None,
            is_distributed: Some(self.is_distributed),
            ..PostgresOptions::default()
        };
        let storage = PostgresStorage::connect_with(&database.url, &options).await?;
        Ok(TestStorage::new(storage).with_guard(database))
    }
}

/// Whether each read of a shop's table has a condition on the shop.
fn names_the_shop(statement: &Explained, is_distributed: bool) -> bool {
    let is_batch = !is_distributed && statement.sql.contains("unnest(");
    statement
        .scans
        .iter()
        .filter(|(table, _)| PostgresStorage::TABLES_OF_SHOPS.contains(&table.as_str()))
        .all(|(_, conditions)| {
            let mut compared = conditions.split("shop_id = ").skip(1);
            // A batch of several shops compares with the column of its rows.
            compared.any(|with| with.starts_with('$') || is_batch && with.contains("shop_id"))
        })
}

/// Cases that together send most statements.
const SHORT: &[&str] = &[
    "SHOP-5",
    "CUSTOMER-1",
    "CUSTOMER-9",
    "USER-9",
    "KEY-5",
    "TICKET-1",
    "TICKET-22",
    "FIGURE-2",
    "FIGURE-5",
    "COMMENT-1",
    "DELIVERY-5",
    "DELIVERY-9",
    "DELIVERY-12",
    "DELIVERY-14",
    "ONCE-1",
    "RETENTION-1",
    "ARCHIVE-1",
    "ARCHIVE-8",
];

/// Whether the case runs. With `HEXDESK_ALL_STATEMENTS`, all cases run whose statements no other case
/// sends.
fn is_needed(case: &&Case) -> bool {
    let is_repetition =
        ["concurrency", "cancellation", "model", "search", "ticket_lists"].contains(&case.module());
    SHORT.contains(&case.rule) || (runs_all() && !is_repetition)
}

fn runs_all() -> bool {
    std::env::var_os("HEXDESK_ALL_STATEMENTS").is_some()
}

/// Runs the contract kit, and returns the statements that do not name their shop.
fn complaints(is_distributed: bool) -> BTreeSet<String> {
    let fixture = Explaining { cluster: Cluster::builder().start(), is_distributed };
    let cases = Mutex::new(CASES.iter().filter(is_needed));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = { cases.lock().unwrap().next() } {
                    case.run(&fixture).unwrap();
                }
            });
        }
    });
    let statements = explained(&fixture.cluster.log());
    let tables: BTreeSet<&str> =
        statements.iter().flat_map(|statement| &statement.scans).map(|(table, _)| table.as_str()).collect();
    // Numbers are counted without a read.
    let mut read = PostgresStorage::TABLES_OF_SHOPS.iter().filter(|table| **table != "shop_numbers");
    assert!(
        !runs_all() || read.all(|table| tables.contains(table)),
        "only these tables are read: {tables:?}"
    );
    let unnamed = statements.iter().filter(|statement| !names_the_shop(statement, is_distributed));
    let of_shops = unnamed.filter(|statement| {
        let is_by_words = !is_distributed && BY_WORDS.iter().any(|part| statement.sql.contains(part));
        !is_by_words && !OF_ALL_SHOPS.iter().any(|part| statement.sql.contains(part))
    });
    of_shops.map(|statement| statement.text.clone()).collect()
}

#[test]
fn every_table_with_a_shop_is_distributed() {
    let cluster = Cluster::builder().start();
    let listed = migrated(&cluster).psql(
        "SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'shop_id' ORDER BY table_name",
    );
    let mut tables = PostgresStorage::TABLES_OF_SHOPS.to_vec();
    tables.sort_unstable();
    assert_eq!(listed.lines().map(str::trim).collect::<Vec<_>>(), tables);
}

#[test]
fn every_statement_of_a_shop_names_it() {
    let complaints = complaints(false);
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
#[ignore = "takes minutes: `just statements`"]
fn every_statement_of_a_distributed_database_names_one_shop() {
    let complaints = complaints(true);
    assert!(complaints.is_empty(), "{complaints:#?}");
}
