//! The statements of the SQLite storage for lists, counts and searches: their number, and that
//! SQLite follows an index instead of sorting.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use crate::fixture::{Fixture, at, comment, fixture, stamp, ticket};
use diesel::connection::{
    Instrumentation, InstrumentationEvent, SimpleConnection, set_default_instrumentation,
};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use hexdesk_domain::ports::{CommentCreation, CustomerUpdate, TicketUpdate, UserUpdate};
use hexdesk_domain::{
    ApiKeyStore, CommentId, CommentPosition, CommentStore, CustomerChanges, CustomerFilter, CustomerStore,
    EventPosition, EventStore, ExternalIds, KeyNumber, NewUser, PageSize, RetentionStore, SearchPosition,
    SearchQuery, SearchStore, TicketChanges, TicketFilter, TicketId, TicketPosition, TicketStore,
    UserChanges, UserFilter, UserId, UserStore,
};

diesel::define_sql_function! {
    /// The function that ends the storage's reads. Here it ends none.
    fn still_wanted(row: BigInt) -> Bool;
}

/// The statements of every connection, by the path of its database.
static STATEMENTS: Mutex<Option<HashMap<String, Vec<String>>>> = Mutex::new(None);

/// Records the statements of one connection.
fn recorder() -> Option<Box<dyn Instrumentation>> {
    let mut path = String::new();
    Some(Box::new(move |event: InstrumentationEvent<'_>| match event {
        InstrumentationEvent::StartEstablishConnection { url, .. } => url.clone_into(&mut path),
        InstrumentationEvent::StartQuery { query, .. } => {
            let mut statements = STATEMENTS.lock().unwrap();
            let of_all = statements.get_or_insert_default();
            of_all.entry(path.clone()).or_default().push(query.to_string());
        }
        _ => {}
    }))
}

/// Creates a storage with recorded statements, and a ticket with two comments.
async fn recorded_fixture() -> Fixture {
    set_default_instrumentation(recorder).unwrap();
    let fixture = fixture().await;
    let batch = vec![ticket(fixture.shop, fixture.customer, 1), ticket(fixture.shop, fixture.customer, 2)];
    fixture.storage.create_tickets(batch).await.unwrap();
    let batch = [1, 2].map(|id| CommentCreation {
        comment: comment(fixture.shop, 1, id),
        stamp: stamp(id),
        expected_version: None,
        claim: None,
    });
    fixture.storage.create_comments(batch.into()).await.unwrap();
    fixture
}

/// Returns the statements of a command.
async fn statements<T>(fixture: &Fixture, command: impl Future<Output = T>) -> Vec<String> {
    let path = fixture.path().to_str().unwrap().to_owned();
    let take = || STATEMENTS.lock().unwrap().as_mut().unwrap().remove(&path).unwrap_or_default();
    take();
    command.await;
    let mut statements = take();
    // Every read is a transaction that begins with this question.
    let question = "SELECT EXISTS (SELECT `erasures`";
    statements.retain(|statement| {
        !["BEGIN", "COMMIT"].contains(&statement.as_str()) && !statement.starts_with(question)
    });
    statements
}

/// Returns SQLite's plan for the only statement of a command.
async fn plan<T>(fixture: &Fixture, command: impl Future<Output = T>) -> Vec<String> {
    let statements = statements(fixture, command).await;
    let [statement] = &statements[..] else { panic!("expected one statement: {statements:#?}") };
    plan_of(fixture, statement)
}

fn connect(fixture: &Fixture) -> SqliteConnection {
    SqliteConnection::establish(fixture.path().to_str().unwrap()).unwrap()
}

fn plan_of(fixture: &Fixture, statement: &str) -> Vec<String> {
    plan_on(&mut connect(fixture), statement)
}

fn plan_on(connection: &mut SqliteConnection, statement: &str) -> Vec<String> {
    still_wanted_utils::register_nondeterministic_impl(connection, |_: i64| true).unwrap();
    let steps: Vec<(i32, i32, i32, String)> =
        sql::<(Integer, Integer, Integer, Text)>(&format!("EXPLAIN QUERY PLAN {statement}"))
            .load(connection)
            .unwrap();
    steps.into_iter().map(|(_, _, _, detail)| detail).collect()
}

/// Asserts that the plan enters this index by these conditions, and sorts nothing.
#[track_caller]
fn assert_follows(plan: &[String], index: &str, conditions: &str) {
    assert_enters(plan, &format!("INDEX {index} ({conditions})"));
}

/// Asserts that a step of the plan ends with `step`, and that no step sorts or scans.
#[track_caller]
fn assert_enters(plan: &[String], step: &str) {
    assert!(plan.iter().any(|detail| detail.ends_with(step)), "{step} is not in {plan:#?}");
    assert!(!plan.iter().any(|detail| detail.contains("TEMP B-TREE")), "{plan:#?}");
    assert!(!plan.iter().any(|detail| detail.starts_with("SCAN")), "{plan:#?}");
}

fn ticket_position() -> TicketPosition {
    TicketPosition { last_message_time: at(2), id: TicketId::new(2).unwrap() }
}

#[tokio::test]
async fn a_shops_tickets_are_listed_along_their_index() {
    let fixture = recorded_fixture().await;
    let list =
        |after| fixture.storage.list_tickets(fixture.shop, TicketFilter::default(), after, PageSize::of(50));
    assert_follows(&plan(&fixture, list(None)).await, "tickets_by_activity", "shop_id=?");
    let next_page = plan(&fixture, list(Some(ticket_position()))).await;
    assert_follows(&next_page, "tickets_by_activity", "shop_id=? AND last_message_time<?");
}

#[tokio::test]
async fn conditions_without_an_index_use_the_index_of_the_list() {
    let fixture = recorded_fixture().await;
    let filter = TicketFilter {
        is_opened: Some(false),
        channels: vec!["Mail".to_owned()],
        tags: vec!["a".to_owned()],
        has_unread: Some(false),
        last_message_from: Some(at(0)),
        last_message_before: Some(at(9)),
        ..TicketFilter::default()
    };
    let steps =
        plan(&fixture, fixture.storage.list_tickets(fixture.shop, filter, None, PageSize::of(50))).await;
    let step = "INDEX tickets_by_activity (shop_id=? AND last_message_time>? AND last_message_time<?)";
    assert!(steps.iter().any(|detail| detail.ends_with(step)), "{steps:#?}");
    assert!(!steps.iter().any(|detail| detail.contains("TEMP B-TREE")), "{steps:#?}");
}

#[tokio::test]
async fn a_customers_tickets_are_listed_along_their_index() {
    let fixture = recorded_fixture().await;
    let customer_id = fixture.customer;
    let of_customer = TicketFilter { customer_id: Some(customer_id), ..TicketFilter::default() };
    let of_thread = TicketFilter { thread_id: Some("a".to_owned()), ..of_customer.clone() };
    for filter in [of_customer, of_thread] {
        let list =
            |after| fixture.storage.list_tickets(fixture.shop, filter.clone(), after, PageSize::of(50));
        let first_page = plan(&fixture, list(None)).await;
        assert_follows(&first_page, "tickets_by_customer", "shop_id=? AND customer_id=?");
        let next_page = plan(&fixture, list(Some(ticket_position()))).await;
        let conditions = "shop_id=? AND customer_id=? AND last_message_time<?";
        assert_follows(&next_page, "tickets_by_customer", conditions);
    }
}

#[tokio::test]
async fn counts_read_only_an_index() {
    let fixture = recorded_fixture().await;
    let all = TicketFilter::default();
    let steps = plan(&fixture, fixture.storage.count_tickets(fixture.shop, all, u64::MAX)).await;
    assert!(matches!(&steps[..], [step] if step.contains("USING COVERING INDEX")), "{steps:#?}");
    let of_customer = TicketFilter { customer_id: Some(fixture.customer), ..TicketFilter::default() };
    let steps = plan(&fixture, fixture.storage.count_tickets(fixture.shop, of_customer, u64::MAX)).await;
    let step = "COVERING INDEX tickets_by_customer (shop_id=? AND customer_id=?)";
    assert!(matches!(&steps[..], [only] if only.ends_with(step)), "{steps:#?}");
    let steps = plan(&fixture, fixture.storage.count_comments(fixture.shop, TicketId::new(1).unwrap())).await;
    let step = "COVERING INDEX comments_by_ticket (shop_id=? AND ticket_id=?)";
    assert!(steps.iter().any(|detail| detail.ends_with(step)), "{steps:#?}");
}

#[tokio::test]
async fn a_tickets_comments_are_listed_along_their_index() {
    let fixture = recorded_fixture().await;
    let ticket = TicketId::new(1).unwrap();
    let list = |after| fixture.storage.list_comments(fixture.shop, ticket, after, PageSize::of(50));
    let first_page = plan(&fixture, list(None)).await;
    assert_follows(&first_page, "comments_by_ticket", "shop_id=? AND ticket_id=?");
    let after = CommentPosition { time: at(1), id: CommentId::new(1).unwrap() };
    let next_page = plan(&fixture, list(Some(after))).await;
    assert_follows(&next_page, "comments_by_ticket", "shop_id=? AND ticket_id=? AND time>?");
}

#[tokio::test]
async fn only_an_empty_page_of_comments_takes_a_second_statement() {
    let fixture = recorded_fixture().await;
    for (ticket, expected) in [(1, 1), (2, 2), (99, 2)] {
        let ticket = TicketId::new(ticket).unwrap();
        let list = fixture.storage.list_comments(fixture.shop, ticket, None, PageSize::of(50));
        assert_eq!(statements(&fixture, list).await.len(), expected);
    }
}

/// A filter for each condition, with its column.
fn one_condition_each() -> Vec<(&'static str, CustomerFilter)> {
    let value = || Some("a".to_owned());
    let by = |external_ids| CustomerFilter { external_ids, ..CustomerFilter::default() };
    let no_ids = ExternalIds::default;
    vec![
        ("email_folded", CustomerFilter { email: value(), ..CustomerFilter::default() }),
        ("phone_number_folded", CustomerFilter { phone_number: value(), ..CustomerFilter::default() }),
        ("shopify_id", by(ExternalIds { shopify_id: value(), ..no_ids() })),
        ("wordpress_id", by(ExternalIds { wordpress_id: value(), ..no_ids() })),
        ("prestashop_id", by(ExternalIds { prestashop_id: value(), ..no_ids() })),
        ("fb_user_id", by(ExternalIds { fb_user_id: value(), ..no_ids() })),
        ("ig_user_id", by(ExternalIds { ig_user_id: value(), ..no_ids() })),
        ("ig_pseudo", by(ExternalIds { ig_pseudo: value(), ..no_ids() })),
        ("whatsapp_id", by(ExternalIds { whatsapp_id: value(), ..no_ids() })),
        ("zendesk_id", by(ExternalIds { zendesk_id: value(), ..no_ids() })),
        ("freshdesk_id", by(ExternalIds { freshdesk_id: value(), ..no_ids() })),
        ("gmelius_id", by(ExternalIds { gmelius_id: value(), ..no_ids() })),
        ("gorgias_id", by(ExternalIds { gorgias_id: value(), ..no_ids() })),
    ]
}

#[tokio::test]
async fn customers_are_listed_along_their_key_or_the_index_of_the_condition() {
    let fixture = recorded_fixture().await;
    let list = |filter, after| fixture.storage.list_customers(fixture.shop, filter, after, PageSize::of(50));
    let after = Some(fixture.customer);
    let all = CustomerFilter::default;
    let primary_key = "sqlite_autoindex_customers_1";
    assert_follows(&plan(&fixture, list(all(), None)).await, primary_key, "shop_id=?");
    assert_follows(&plan(&fixture, list(all(), after)).await, primary_key, "shop_id=? AND id<?");
    for (column, filter) in one_condition_each() {
        let count = fixture.storage.count_customers(fixture.shop, filter.clone());
        for steps in [plan(&fixture, list(filter, None)).await, plan(&fixture, count).await] {
            let index = match column {
                "email_folded" => "sqlite_autoindex_customers_2",
                "phone_number_folded" => "customers_by_phone_number",
                _ => &format!("customers_by_{column}"),
            };
            assert_follows(&steps, index, &format!("shop_id=? AND {column}=?"));
        }
    }
}

#[tokio::test]
async fn users_and_keys_are_listed_along_their_keys() {
    let fixture = recorded_fixture().await;
    for is_active in [None, Some(true), Some(false)] {
        let list = |after| {
            fixture.storage.list_users(
                fixture.shop,
                UserFilter { email: None, is_active },
                after,
                PageSize::of(50),
            )
        };
        assert_enters(&plan(&fixture, list(None)).await, "PRIMARY KEY (shop_id=?)");
        let next_page = plan(&fixture, list(UserId::new(1))).await;
        assert_enters(&next_page, "PRIMARY KEY (shop_id=? AND id>?)");
    }
    let list = |after| fixture.storage.list_keys(fixture.shop, after, PageSize::of(50));
    let primary_key = "sqlite_autoindex_api_keys_1";
    assert_follows(&plan(&fixture, list(None)).await, primary_key, "shop_id=?");
    assert_follows(&plan(&fixture, list(KeyNumber::new(1))).await, primary_key, "shop_id=? AND number>?");
}

#[tokio::test]
async fn events_are_listed_along_their_key() {
    let fixture = recorded_fixture().await;
    let list = |after| fixture.storage.list_events(fixture.shop, Default::default(), after, PageSize::of(50));
    let primary_key = "sqlite_autoindex_events_1";
    assert_follows(&plan(&fixture, list(None)).await, primary_key, "shop_id=?");
    let after = EventPosition { change: 1, part: 0 };
    // At the position itself, not at the beginning of its change.
    let conditions = "shop_id=? AND (change,part)>(?,?)";
    let statements = statements(&fixture, list(Some(after))).await;
    let [page, beginning] = &statements[..] else { panic!("expected two statements: {statements:#?}") };
    assert_follows(&plan_of(&fixture, page), primary_key, conditions);
    assert_enters(&plan_of(&fixture, beginning), "INTEGER PRIMARY KEY (rowid=?)");
}

#[tokio::test]
async fn counts_read_only_one_shop() {
    let fixture = recorded_fixture().await;
    let users = fixture.storage.count_users(fixture.shop, UserFilter { email: None, is_active: Some(true) });
    let keys = fixture.storage.count_keys(fixture.shop);
    let customers = fixture.storage.count_customers(fixture.shop, CustomerFilter::default());
    let plans = [plan(&fixture, users).await, plan(&fixture, keys).await, plan(&fixture, customers).await];
    for steps in plans {
        assert!(matches!(&steps[..], [only] if only.ends_with("(shop_id=?)")), "{steps:#?}");
    }
}

#[tokio::test]
async fn a_search_is_one_statement_from_words_to_documents_to_tickets() {
    let fixture = recorded_fixture().await;
    let ticket = ticket_position();
    for (query, after) in [("a", None), ("a b* c", Some(SearchPosition { rank: 1, ticket }))] {
        let query = SearchQuery::parse(query).unwrap();
        let steps =
            plan(&fixture, fixture.storage.search_tickets(fixture.shop, query, after, PageSize::of(50)))
                .await;
        let place = |expected: &str| match steps.iter().position(|step| step.contains(expected)) {
            Some(place) => place,
            None => panic!("{expected} is not in {steps:#?}"),
        };
        // M is a full-text condition on the first column.
        let words = place("SCAN search_index VIRTUAL TABLE INDEX 0:M0");
        let documents = place("SEARCH documents USING INTEGER PRIMARY KEY (rowid=?)");
        let customers = place("INDEX tickets_by_customer (shop_id=? AND customer_id=?)");
        assert!(words < documents && documents < customers, "{steps:#?}");
        // Only the search's own results are scanned completely.
        let scanned = steps.iter().filter_map(|step| step.strip_prefix("SCAN "));
        let scanned: BTreeSet<&str> = scanned.filter_map(|step| step.split(' ').next()).collect();
        assert_eq!(
            scanned,
            ["best", "found_tickets", "hits", "ids", "ranked", "search_index", "terms"].into(),
            "{steps:#?}"
        );
    }
}

#[tokio::test]
async fn lists_follow_their_indexes_during_an_erasure() {
    let fixture = recorded_fixture().await;
    let (storage, shop) = (&fixture.storage, fixture.shop);
    let mut other = connect(&fixture);
    other
        .batch_execute(
            "INSERT INTO customers (shop_id, id, number_of_orders, created_at) VALUES (1, 99, 0, 0);
             INSERT INTO erasures VALUES (1, 99, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, NULL)",
        )
        .unwrap();
    let of_customer = TicketFilter { customer_id: Some(fixture.customer), ..TicketFilter::default() };
    let reads = async {
        storage
            .list_tickets(shop, TicketFilter::default(), Some(ticket_position()), PageSize::of(50))
            .await
            .unwrap();
        storage.list_tickets(shop, of_customer.clone(), None, PageSize::of(50)).await.unwrap();
        storage.count_tickets(shop, of_customer, u64::MAX).await.unwrap();
        storage.list_comments(shop, TicketId::new(1).unwrap(), None, PageSize::of(50)).await.unwrap();
        storage.list_customers(shop, CustomerFilter::default(), None, PageSize::of(50)).await.unwrap();
        storage
            .list_events(
                shop,
                Default::default(),
                Some(EventPosition { change: 1, part: 0 }),
                PageSize::of(50),
            )
            .await
            .unwrap()
            .unwrap();
        storage.search_tickets(shop, SearchQuery::parse("a").unwrap(), None, PageSize::of(50)).await.unwrap();
    };
    let statements = statements(&fixture, reads).await;
    let views = statements.iter().find(|statement| statement.contains("CREATE TEMP VIEW"));
    other.batch_execute(views.unwrap()).unwrap();
    let is_query = |statement: &&String| ["SELECT", "WITH"].iter().any(|verb| statement.starts_with(verb));
    let queries: Vec<&String> = statements.iter().filter(is_query).collect();
    assert_eq!(queries.len(), 8, "{queries:#?}");
    for query in queries {
        for step in plan_on(&mut other, query) {
            let table = step.strip_prefix("SCAN ").and_then(|step| step.split(' ').next());
            let is_large =
                ["tickets", "customers", "comments", "events", "documents"].contains(&table.unwrap_or(""));
            assert!(!is_large, "{step}: {query}");
            assert!(!step.starts_with("MATERIALIZE tickets"), "{step}: {query}");
            assert!(query.starts_with("WITH") || !step.contains("TEMP B-TREE"), "{step}: {query}");
        }
    }
}

#[tokio::test]
async fn no_command_scans_a_table() {
    let fixture = recorded_fixture().await;
    let (storage, shop) = (&fixture.storage, fixture.shop);
    let user = NewUser {
        id: None,
        email: "zoe@example.com".to_owned(),
        first_name: None,
        last_name: None,
        full_name: None,
        stamp: stamp(0),
    };
    storage.create_user(shop, user, None).await.unwrap();
    let deactivation = UserUpdate {
        changes: UserChanges { is_active: Some(false), ..UserChanges::default() },
        stamp: stamp(0),
    };
    let changes = CustomerChanges {
        email: Some(Some("new@example.com".to_owned())),
        phone_number: Some(Some("1".to_owned())),
        ..CustomerChanges::default()
    };
    let renaming = TicketUpdate {
        changes: TicketChanges { name: Some(Some("a".to_owned())), ..TicketChanges::default() },
        expected_version: None,
        stamp: stamp(0),
    };
    let commands = async {
        storage.update_user(shop, UserId::new(1).unwrap(), deactivation, None).await.unwrap();
        storage
            .update_customer(shop, fixture.customer, CustomerUpdate { changes, stamp: stamp(0) }, None)
            .await
            .unwrap();
        storage.update_ticket(shop, TicketId::new(1).unwrap(), renaming, None).await.unwrap();
        storage.delete_ticket(shop, TicketId::new(1).unwrap(), None, stamp(0)).await.unwrap();
        storage.erase_customer(shop, fixture.customer, stamp(0)).await.unwrap().unwrap();
        storage.remove_idempotency_records(at(9), 5).await.unwrap();
        assert_eq!(storage.remove_events(shop, at(9), 5).await.unwrap(), 5);
    };
    let statements = statements(&fixture, commands).await;
    let is_data = |statement: &&String| {
        ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| statement.starts_with(verb))
    };
    let mut entered = String::new();
    for statement in statements.iter().filter(is_data) {
        for step in plan_of(&fixture, statement) {
            // The full-text index is entered by the number of a document.
            let is_by_number = step == "SCAN search_index VIRTUAL TABLE INDEX 0:=";
            let is_nothing = step == "SCAN CONSTANT ROW";
            // Deleted rows are numbered as they are found.
            let is_numbered = step.starts_with("SCAN (subquery-");
            assert!(
                !step.starts_with("SCAN") || is_by_number || is_nothing || is_numbered,
                "{step}: {statement}"
            );
            assert!(!step.contains("TEMP B-TREE"), "{step}: {statement}");
            entered.push_str(&step);
        }
    }
    for index in [
        "api_keys_by_user",
        "tickets_by_customer",
        "comments_by_ticket",
        "COVERING INDEX idempotency_records_by_age (created_at<?)",
        // The records of an erased customer are found among all records of the last hours.
        "COVERING INDEX idempotency_records_by_age (created_at>?)",
        "events_by_subject (shop_id=? AND subject_id=?)",
        "deletions_by_customer (shop_id=? AND customer_id=?)",
        "sqlite_autoindex_events_1 (shop_id=? AND (change,part)<(?,?))",
        "search_documents_by_ticket",
        "search_documents_by_customer",
    ] {
        assert!(entered.contains(index), "{index}");
    }
}
