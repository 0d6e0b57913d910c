//! The plans of SQLite.

use std::path::Path;

use diesel::connection::{SimpleConnection, set_default_instrumentation};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use hexdesk_adapters::SqliteStorage;
use hexdesk_domain::ShopId;

use crate::ROWS;
use crate::calls::{Call, Listed, calls};
use crate::recorded::{SENT_TO_SQLITE, recorder};

/// The tables that grow with a shop.
const GROWING: &[&str] = &[
    "api_keys",
    "comments",
    "customers",
    "events",
    "idempotency_records",
    "search_documents",
    "tickets",
    "users",
    "webhook_attempts",
    "webhook_deliveries",
];

diesel::define_sql_function! {
    /// The function that ends the storage's reads. Here it ends none.
    fn still_wanted(row: BigInt) -> Bool;
}

fn connect(path: &Path) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    still_wanted_utils::register_nondeterministic_impl(&mut connection, |_: i64| true).unwrap();
    connection
}

/// Returns the steps of SQLite's plan for a statement.
fn steps(connection: &mut SqliteConnection, statement: &str) -> Vec<String> {
    let steps: Vec<(i32, i32, i32, String)> =
        sql::<(Integer, Integer, Integer, Text)>(&format!("EXPLAIN QUERY PLAN {statement}"))
            .load(connection)
            .unwrap();
    steps.into_iter().map(|(_, _, _, step)| step).collect()
}

/// Describes the statements of a call if they scan, sort, or enter no index as expected.
async fn complaint(storage: &SqliteStorage, path: &Path, listed: &Listed, enters: &str) -> Option<String> {
    SENT_TO_SQLITE.lock().unwrap().clear();
    // SQLite plans without looking at values, so any shop will do.
    listed.call.clone().run(storage, ShopId::new(2).unwrap()).await;
    let sent = std::mem::take(&mut *SENT_TO_SQLITE.lock().unwrap());
    let is_data =
        |statement: &&String| ["WITH", "SELECT", "DELETE"].iter().any(|verb| statement.starts_with(verb));
    let name = &listed.name;
    let mut connection = connect(path);
    let mut is_entered = false;
    let mut text = String::new();
    let mut is_in_order = true;
    for statement in sent.iter().filter(is_data) {
        text += &format!("{statement}\n");
        for step in steps(&mut connection, statement) {
            text += &format!("  {step}\n");
            is_entered |= step.starts_with("SEARCH") && step.ends_with(&format!("({enters})"));
            let table = step.strip_prefix("SCAN ").and_then(|step| step.split(' ').next());
            is_in_order &= table.is_none_or(|table| !GROWING.contains(&table));
            // The results of a search are ranked, and then sorted. Counted tickets are grouped.
            let is_sorted_later = matches!(listed.call, Call::SearchTickets(..) | Call::Figures(..));
            is_in_order &= !step.contains("TEMP B-TREE") || is_sorted_later;
        }
    }
    if is_entered && is_in_order {
        return None;
    }
    Some(format!("{name}: no index is entered by ({enters}), or a table is scanned or sorted\n{text}\n"))
}

#[tokio::test]
async fn every_call_enters_an_index() {
    set_default_instrumentation(recorder).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hexdesk.db");
    let storage = SqliteStorage::open(&path).unwrap();
    storage.migrate().await.unwrap();
    let mut other = connect(&path);
    other.batch_execute(&include_str!("sqlite.sql").replace("{rows}", &ROWS.to_string())).unwrap();

    let mut complaints = String::new();
    for listed in calls(ROWS) {
        complaints.extend(complaint(&storage, &path, &listed, &listed.enters).await);
    }
    // Now SQLite knows the number of rows.
    other.batch_execute("ANALYZE").unwrap();
    for listed in calls(ROWS) {
        let complaint = complaint(&storage, &path, &listed, &listed.enters_analyzed).await;
        complaints.extend(complaint.map(|complaint| format!("Analyzed, {complaint}")));
    }
    assert!(complaints.is_empty(), "{complaints}");
}
