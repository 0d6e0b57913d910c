//! The plans of PostgreSQL.

use diesel::connection::set_default_instrumentation;
use hexdesk_adapters::{PostgresOptions, PostgresStorage};
use hexdesk_domain::ShopId;
use hexdesk_test_postgres::{TestDatabase, cluster};

use crate::ROWS;
use crate::calls::{Listed, calls};
use crate::explained::{Explained, explained};
use crate::postgres_database::migrated_database;
use crate::recorded::{KEPT_BY_POSTGRES, recorder};

/// The settings of every session: log how its statements were run.
const SETTINGS: &[&str] = &[
    "session_preload_libraries = auto_explain",
    "auto_explain.log_min_duration = 0",
    "auto_explain.log_analyze = on",
    "auto_explain.log_timing = off",
    "auto_explain.log_buffers = on",
    "auto_explain.log_format = json",
    // Workers read ahead by varying amounts.
    "max_parallel_workers_per_gather = 0",
];

fn tell_sessions(database: &TestDatabase, setting: &str) {
    database.psql(&format!("ALTER DATABASE {} SET {setting}", database.name));
}

fn filled_database() -> TestDatabase {
    let database = migrated_database();
    database.psql(&include_str!("postgres.sql").replace("{rows}", &ROWS.to_string()));
    database.psql("VACUUM ANALYZE");
    tell_sessions_to_explain(&database);
    database
}

pub(crate) fn tell_sessions_to_explain(database: &TestDatabase) {
    for setting in SETTINGS {
        tell_sessions(database, setting);
    }
}

/// Makes a call, and returns how the server ran its statements.
async fn explain(storage: &PostgresStorage, shop: i64, listed: &Listed) -> Vec<Explained> {
    let before = cluster().log().len();
    let answered = listed.call.clone().run(storage, ShopId::new(shop).unwrap()).await;
    let statements = explained(&cluster().log()[before..]);
    assert!(!statements.is_empty(), "no statement is logged for {}", listed.name);
    assert!(answered > 0 || listed.finds_nothing, "{} found nothing", listed.name);
    statements
}

/// Describes the statements if they read too much for a shop of this size.
fn complaint(statements: &[Explained], listed: &Listed, size: u64) -> Option<String> {
    let most = listed.reads.most(size);
    let read: u64 = statements.iter().map(|statement| statement.read).sum();
    let sorted = statements.iter().map(|statement| statement.sorted).max().unwrap_or_default();
    if read <= most && sorted <= most {
        return None;
    }
    let texts: Vec<&str> = statements.iter().map(|statement| statement.text.as_str()).collect();
    Some(format!(
        "{} of a shop of {size}: reads {read} rows and sorts {sorted}, the maximum is {most}\n{}\n\n",
        listed.name,
        texts.join("\n")
    ))
}

#[tokio::test]
async fn no_call_reads_more_than_its_limit() {
    set_default_instrumentation(recorder).unwrap();
    let database = filled_database();
    let mut complaints = String::new();
    // The server plans a statement for the values that are sent with it. For a statement that is
    // kept prepared, it may switch to a plan for any values after five runs.
    for plan in ["custom", "generic"] {
        tell_sessions(&database, &format!("plan_cache_mode = force_{plan}_plan"));
        let options = PostgresOptions { pending_list_cleanup: None, ..PostgresOptions::default() };
        let storage = PostgresStorage::connect_with(&database.url, &options).await.unwrap();
        for (shop, size) in [(1, ROWS), (2, ROWS / 10)] {
            for listed in calls(ROWS) {
                let mut statements = explain(&storage, shop, &listed).await;
                if plan == "generic" {
                    let kept = KEPT_BY_POSTGRES.lock().unwrap();
                    statements.retain(|statement| kept.contains(&statement.sql));
                }
                let complaint = complaint(&statements, &listed, size);
                complaints.extend(complaint.map(|complaint| format!("By a {plan} plan, {complaint}")));
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
}
