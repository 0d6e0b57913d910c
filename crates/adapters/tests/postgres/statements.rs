//! The statements of the PostgreSQL storage: their number, which are kept prepared, and their
//! plans. `query_plans` tests how much lists read.

use std::cell::RefCell;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use hexdesk_adapters::{PostgresOptions, PostgresStorage};
use hexdesk_domain::{ShopId, Timestamp};
use hexdesk_test_postgres::TestDatabase;

mod conversations;
mod customers;
mod log;
mod new_comments;
mod pending_lists;
mod search;

/// A shop's tickets, with 200 customers and spread over 20,000 minutes; and 20 comments on each of
/// 1,000 tickets.
const DATA: &str = "
    INSERT INTO shops (domain, created_at) VALUES ('a.example', now());
    INSERT INTO customers (shop_id, id, email_folded, phone_number_folded, shopify_id, number_of_orders, created_at, words)
        SELECT 1, number, number || '@example.com', number, number, 0, now(), '' FROM generate_series(1, 200) AS number;
    INSERT INTO tickets
        (shop_id, id, customer_id, channel, thread_id, date, last_message_time, is_opened, unread_count,
         tags, version, human_ticket_id, human_ticket_opened_at, words)
        SELECT 1, number, number % 200 + 1, 'Mail', 'a', time, time, number % 10 = 0, 0, '[\"a\"]', 1,
            CASE number % 10 WHEN 0 THEN number END, CASE number % 10 WHEN 0 THEN time END, ''
        FROM generate_series(1, 20000) AS number,
            LATERAL (SELECT timestamptz '2026-01-01Z' + number * 7919 % 20000 * interval '1 min' AS time) AS of;
    INSERT INTO comments (shop_id, id, ticket_id, text, time, channel, is_from_shop, to_emails, tags,
         words)
        SELECT 1, number, number % 1000 + 1, '', now() + number * 7919 % 20000 * interval '1 min', 'Mail',
            false, '[]', '[]', ''
        FROM generate_series(1, 20000) AS number;
    INSERT INTO shop_numbers (shop_id, customers) VALUES (1, 200);
    ANALYZE";

/// The settings of the storage's sessions.
const SESSION: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

thread_local! {
    /// The statements of the test that runs on this thread.
    static STATEMENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// Statements of the test that were prepared for reuse.
    static KEPT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Records the statements of one connection.
fn recorder() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| match event {
        InstrumentationEvent::StartQuery { query, .. } => {
            STATEMENTS.with_borrow_mut(|statements| statements.push(query.to_string()));
        }
        InstrumentationEvent::CacheQuery { sql, .. } => {
            KEPT.with_borrow_mut(|kept| kept.push(sql.to_owned()));
        }
        _ => {}
    }))
}

/// A storage with recorded statements.
struct Recorded {
    storage: PostgresStorage,
    // Dropped last.
    database: TestDatabase,
}

impl Recorded {
    async fn new() -> Self {
        let database = crate::database::migrated_database();
        set_default_instrumentation(recorder).unwrap();
        // No background statements.
        let options = PostgresOptions { pending_list_cleanup: None, ..PostgresOptions::default() };
        let storage = PostgresStorage::connect_with(&database.url, &options).await.unwrap();
        database.psql(DATA);
        Self { storage, database }
    }

    /// Returns the generic plan for the only statement of a command, with values of these types.
    async fn plan_of<T>(&self, types: &str, command: impl Future<Output = T>) -> String {
        let statements = statements(command).await;
        let [statement] = &statements[..] else { panic!("expected one statement: {statements:#?}") };
        self.explain(types, statement)
    }

    /// Returns the generic plan for a statement with values of these types.
    fn explain(&self, types: &str, statement: &str) -> String {
        let (sql, _) = statement.split_once(" -- binds: ").unwrap();
        let places = (1..).take_while(|place| sql.contains(&format!("${place}"))).count();
        let nulls = vec!["NULL"; places].join(", ");
        self.database.psql(&format!(
            "SET plan_cache_mode = force_generic_plan; {SESSION}; PREPARE one {types} AS {sql};
             EXPLAIN (COSTS OFF) EXECUTE one ({nulls})"
        ))
    }
}

/// Returns the statements of a command.
async fn statements<T>(command: impl Future<Output = T>) -> Vec<String> {
    STATEMENTS.take();
    command.await;
    STATEMENTS.take()
}

/// Asserts that the plan enters this index by these conditions, and sorts nothing.
#[track_caller]
fn assert_follows(plan: &str, index: &str, conditions: &[&str]) {
    let mut lines = plan.lines().map(str::trim);
    let scan = lines.find(|line| line.contains(&format!(" using {index} on ")));
    assert!(scan.is_some(), "{index} is not in {plan}");
    let entered_by = lines.next().unwrap().strip_prefix("Index Cond: ").unwrap();
    assert_eq!(entered_by.matches(" AND ").count() + 1, conditions.len(), "{plan}");
    for condition in conditions {
        assert!(entered_by.contains(condition), "{condition} is not in {plan}");
    }
    assert!(!plan.contains("Sort") && !plan.contains("Seq Scan on tickets"), "{plan}");
}

fn shop() -> ShopId {
    ShopId::new(1).unwrap()
}

fn time() -> Timestamp {
    Timestamp::parse("2026-01-08T00:00:00Z").unwrap()
}
