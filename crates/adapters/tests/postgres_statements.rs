//! How the PostgreSQL storage asks for lists and counts: in how many statements, and that
//! the server follows an index through them instead of sorting.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

use std::cell::RefCell;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use hexdesk_adapters::PostgresStorage;
use hexdesk_domain::ports::CommentCreation;
use hexdesk_domain::{
    CommentDraft, CommentId, CommentPosition, CommentStore, CustomerId, ShopId, ThreadFilter, TicketFilter,
    TicketId, TicketPosition, TicketStore, Timestamp,
};
use hexdesk_test_postgres::TestDatabase;

mod postgres;

/// A shop's tickets, of 200 customers and spread over the time of 20,000 minutes; and
/// 20 comments on each of 1,000 of them.
const DATA: &str = "
    INSERT INTO shops (domain, created_at) VALUES ('a.example', now());
    INSERT INTO customers (shop_id, email_folded, phone_number, shopify_id, number_of_orders, created_at, words)
        SELECT 1, number || '@example.com', number, number, 0, now(), '#1' FROM generate_series(1, 200) AS number;
    INSERT INTO tickets
        (shop_id, id, customer_id, channel, thread_id, date, last_message_time, is_opened, unread_count,
         tags, version, words)
        SELECT 1, number, number % 200 + 1, 'Mail', 'a', time, time, number % 10 = 0, 0, '[\"a\"]', 1, '#1'
        FROM generate_series(1, 20000) AS number,
            LATERAL (SELECT timestamptz '2026-01-01Z' + number * 7919 % 20000 * interval '1 min' AS time) AS of;
    INSERT INTO human_tickets (shop_id, ticket_id, opened_at)
        SELECT 1, id, date FROM tickets WHERE is_opened;
    INSERT INTO comments (shop_id, id, ticket_id, text, time, channel, is_from_shop, to_emails, tags,
         words)
        SELECT 1, number, number % 1000 + 1, '', now() + number * 7919 % 20000 * interval '1 min', 'Mail',
            false, '[]', '[]', '#1'
        FROM generate_series(1, 20000) AS number;
    ANALYZE";

thread_local! {
    /// The statements of the test that runs on this thread.
    static STATEMENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// Those of them that were prepared to be used again.
    static KEPT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Writes down the statements of one connection.
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

/// A storage whose statements are written down.
struct Recorded {
    storage: PostgresStorage,
    // Dropped last.
    database: TestDatabase,
}

impl Recorded {
    async fn new() -> Self {
        set_default_instrumentation(recorder).unwrap();
        let database = postgres::migrated_database();
        let storage = PostgresStorage::connect(&database.url).await.unwrap();
        database.psql(DATA);
        Self { storage, database }
    }

    /// How the server means to run the one statement that this leads to, without looking
    /// at the values in it.
    async fn plan<T>(&self, command: impl Future<Output = T>) -> String {
        let statements = statements(command).await;
        let [statement] = &statements[..] else { panic!("not one statement: {statements:#?}") };
        let (sql, _) = statement.split_once(" -- binds: ").unwrap();
        let places = (1..).take_while(|place| sql.contains(&format!("${place}"))).count();
        let nulls = vec!["NULL"; places].join(", ");
        self.database.psql(&format!(
            "SET plan_cache_mode = force_generic_plan; PREPARE one AS {sql};
             EXPLAIN (COSTS OFF) EXECUTE one ({nulls})"
        ))
    }
}

/// The statements that this leads to.
async fn statements<T>(command: impl Future<Output = T>) -> Vec<String> {
    STATEMENTS.take();
    command.await;
    STATEMENTS.take()
}

/// Whether the plan enters this index by these conditions, and sorts nothing.
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

fn ticket(id: i64) -> TicketId {
    TicketId::new(id).unwrap()
}

fn time() -> Timestamp {
    Timestamp::parse("2026-01-08T00:00:00Z").unwrap()
}

fn place() -> TicketPosition {
    TicketPosition { last_message_time: time(), id: ticket(2) }
}

#[tokio::test]
async fn a_shops_tickets_are_listed_along_their_index() {
    let recorded = Recorded::new().await;
    let list = |after| recorded.storage.list_tickets(shop(), TicketFilter::default(), after, 50);
    assert_follows(&recorded.plan(list(None)).await, "tickets_by_activity", &["shop_id ="]);
    let next_page = recorded.plan(list(Some(place()))).await;
    assert_follows(&next_page, "tickets_by_activity", &["shop_id =", "last_message_time <="]);
}

#[tokio::test]
async fn a_customers_tickets_are_listed_along_their_index() {
    let recorded = Recorded::new().await;
    let customer_id = CustomerId::new(7).unwrap();
    let of_customer = TicketFilter { customer_id: Some(customer_id), ..TicketFilter::default() };
    let thread = Some(ThreadFilter { customer_id, thread_id: "a".to_owned() });
    let of_thread = TicketFilter { thread, ..TicketFilter::default() };
    for filter in [of_customer, of_thread] {
        let list = |after| recorded.storage.list_tickets(shop(), filter.clone(), after, 50);
        let first_page = recorded.plan(list(None)).await;
        assert_follows(&first_page, "tickets_by_customer", &["shop_id =", "customer_id ="]);
        let next_page = recorded.plan(list(Some(place()))).await;
        let conditions = ["shop_id =", "customer_id =", "last_message_time <="];
        assert_follows(&next_page, "tickets_by_customer", &conditions);
    }
}

#[tokio::test]
async fn a_tickets_comments_are_listed_along_their_index() {
    let recorded = Recorded::new().await;
    let list = |after| recorded.storage.list_comments(shop(), ticket(1), after, Some(50));
    let first_page = recorded.plan(list(None)).await;
    assert_follows(&first_page, "comments_by_ticket", &["shop_id =", "ticket_id ="]);
    let after = CommentPosition { time: time(), id: CommentId::new(1).unwrap() };
    let next_page = recorded.plan(list(Some(after))).await;
    assert_follows(&next_page, "comments_by_ticket", &["shop_id =", "ticket_id =", "\"time\" >="]);
}

#[tokio::test]
async fn only_an_empty_page_of_comments_takes_a_second_look() {
    let recorded = Recorded::new().await;
    for (id, expected) in [(1, 1), (1_001, 2), (99_999, 2)] {
        let list = recorded.storage.list_comments(shop(), ticket(id), None, Some(50));
        assert_eq!(statements(list).await.len(), expected);
    }
}

#[tokio::test]
async fn counts_are_one_statement() {
    let recorded = Recorded::new().await;
    let tickets = recorded.storage.count_tickets(shop(), TicketFilter::default());
    assert_eq!(statements(tickets).await.len(), 1);
    let comments = recorded.storage.count_comments(shop(), ticket(1));
    assert_eq!(statements(comments).await.len(), 1);
}

#[tokio::test]
async fn only_common_lists_are_kept_prepared() {
    let recorded = Recorded::new().await;
    let of_customer = TicketFilter { customer_id: CustomerId::new(7), ..TicketFilter::default() };
    let opened = TicketFilter { is_opened: Some(true), ..of_customer.clone() };
    for (filter, expected) in [(TicketFilter::default(), 2), (of_customer, 2), (opened, 0)] {
        KEPT.take();
        recorded.storage.list_tickets(shop(), filter.clone(), None, 50).await.unwrap();
        recorded.storage.count_tickets(shop(), filter.clone()).await.unwrap();
        assert_eq!(KEPT.take().len(), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn a_comment_takes_a_handful_of_statements() {
    let recorded = Recorded::new().await;
    let draft = CommentDraft { text: Some("Hello".into()), ..CommentDraft::default() };
    let comment = draft.into_new(CommentId::new(99_999).unwrap(), shop(), ticket(1), None, time()).unwrap();
    let create = recorded.storage.create_comments(vec![CommentCreation { comment, once: None }]);
    let statements = statements(create).await;
    // The transaction's beginning and end; look at the ticket, change it, add, look.
    assert_eq!(statements.len(), 6, "{statements:#?}");
}
