//! How the SQLite storage asks for lists and counts: in how many statements, and that
//! SQLite follows an index through them instead of sorting.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

mod sqlite_fixture;

use std::collections::HashMap;
use std::sync::Mutex;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use hexdesk_domain::ports::CommentCreation;
use hexdesk_domain::{
    CommentId, CommentPosition, CommentStore, ThreadFilter, TicketFilter, TicketId, TicketPosition,
    TicketStore,
};
use sqlite_fixture::{Fixture, at, comment, fixture, ticket};

/// The statements of every connection, by the path of its database.
static STATEMENTS: Mutex<Option<HashMap<String, Vec<String>>>> = Mutex::new(None);

/// Writes down the statements of one connection.
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

/// A storage whose statements are written down, with a ticket that has two comments.
async fn recorded_fixture() -> Fixture {
    set_default_instrumentation(recorder).unwrap();
    let fixture = fixture().await;
    let batch = vec![ticket(fixture.shop, fixture.customer, 1), ticket(fixture.shop, fixture.customer, 2)];
    fixture.storage.create_tickets(batch).await.unwrap();
    let batch = [1, 2].map(|id| CommentCreation { comment: comment(fixture.shop, 1, id), once: None });
    fixture.storage.create_comments(batch.into()).await.unwrap();
    fixture
}

/// The statements that this leads to.
async fn statements<T>(fixture: &Fixture, command: impl Future<Output = T>) -> Vec<String> {
    let path = fixture.path().to_str().unwrap().to_owned();
    let take = || STATEMENTS.lock().unwrap().as_mut().unwrap().remove(&path).unwrap_or_default();
    take();
    command.await;
    take()
}

/// How SQLite means to run the one statement that this leads to.
async fn plan<T>(fixture: &Fixture, command: impl Future<Output = T>) -> Vec<String> {
    let statements = statements(fixture, command).await;
    let [statement] = &statements[..] else { panic!("not one statement: {statements:#?}") };
    let mut other = SqliteConnection::establish(fixture.path().to_str().unwrap()).unwrap();
    let steps: Vec<(i32, i32, i32, String)> =
        sql::<(Integer, Integer, Integer, Text)>(&format!("EXPLAIN QUERY PLAN {statement}"))
            .load(&mut other)
            .unwrap();
    steps.into_iter().map(|(_, _, _, detail)| detail).collect()
}

/// Whether the plan enters this index by these conditions, and sorts nothing.
#[track_caller]
fn assert_follows(plan: &[String], index: &str, conditions: &str) {
    let step = format!("INDEX {index} ({conditions})");
    assert!(plan.iter().any(|detail| detail.ends_with(&step)), "{step} is not in {plan:#?}");
    assert!(!plan.iter().any(|detail| detail.contains("TEMP B-TREE")), "{plan:#?}");
    assert!(!plan.iter().any(|detail| detail.starts_with("SCAN")), "{plan:#?}");
}

fn ticket_position() -> TicketPosition {
    TicketPosition { last_message_time: at(2), id: TicketId::new(2).unwrap() }
}

#[tokio::test]
async fn a_shops_tickets_are_listed_along_their_index() {
    let fixture = recorded_fixture().await;
    let list = |after| fixture.storage.list_tickets(fixture.shop, TicketFilter::default(), after, 50);
    assert_follows(&plan(&fixture, list(None)).await, "tickets_by_activity", "shop_id=?");
    let next_page = plan(&fixture, list(Some(ticket_position()))).await;
    assert_follows(&next_page, "tickets_by_activity", "shop_id=? AND last_message_time<?");
}

#[tokio::test]
async fn what_no_index_knows_is_found_along_the_same() {
    let fixture = recorded_fixture().await;
    let filter = TicketFilter {
        is_opened: Some(true),
        channel: Some("Mail".to_owned()),
        tag: Some("a".to_owned()),
        has_unread: Some(false),
        last_message_from: Some(at(0)),
        last_message_before: Some(at(9)),
        ..TicketFilter::default()
    };
    let steps = plan(&fixture, fixture.storage.list_tickets(fixture.shop, filter, None, 50)).await;
    let step = "INDEX tickets_by_activity (shop_id=? AND last_message_time>? AND last_message_time<?)";
    assert!(steps.iter().any(|detail| detail.ends_with(step)), "{steps:#?}");
    assert!(!steps.iter().any(|detail| detail.contains("TEMP B-TREE")), "{steps:#?}");
}

#[tokio::test]
async fn a_customers_tickets_are_listed_along_their_index() {
    let fixture = recorded_fixture().await;
    let customer_id = fixture.customer;
    let of_customer = TicketFilter { customer_id: Some(customer_id), ..TicketFilter::default() };
    let thread = Some(ThreadFilter { customer_id, thread_id: "a".to_owned() });
    let of_thread = TicketFilter { thread, ..TicketFilter::default() };
    for filter in [of_customer, of_thread] {
        let list = |after| fixture.storage.list_tickets(fixture.shop, filter.clone(), after, 50);
        let first_page = plan(&fixture, list(None)).await;
        assert_follows(&first_page, "tickets_by_customer", "shop_id=? AND customer_id=?");
        let next_page = plan(&fixture, list(Some(ticket_position()))).await;
        let conditions = "shop_id=? AND customer_id=? AND last_message_time<?";
        assert_follows(&next_page, "tickets_by_customer", conditions);
    }
}

#[tokio::test]
async fn counting_looks_at_an_index_alone() {
    let fixture = recorded_fixture().await;
    let all = TicketFilter::default();
    let steps = plan(&fixture, fixture.storage.count_tickets(fixture.shop, all)).await;
    assert!(matches!(&steps[..], [step] if step.contains("USING COVERING INDEX")), "{steps:#?}");
    let of_customer = TicketFilter { customer_id: Some(fixture.customer), ..TicketFilter::default() };
    let steps = plan(&fixture, fixture.storage.count_tickets(fixture.shop, of_customer)).await;
    let step = "COVERING INDEX tickets_by_customer (shop_id=? AND customer_id=?)";
    assert!(matches!(&steps[..], [only] if only.ends_with(step)), "{steps:#?}");
    let steps = plan(&fixture, fixture.storage.count_comments(fixture.shop, TicketId::new(1).unwrap())).await;
    let step = "COVERING INDEX comments_by_ticket (shop_id=? AND ticket_id=?)";
    assert!(steps.iter().any(|detail| detail.ends_with(step)), "{steps:#?}");
}

#[tokio::test]
async fn a_tickets_comments_are_listed_along_their_index() {
    let fixture = recorded_fixture().await;
    let list =
        |after, limit| fixture.storage.list_comments(fixture.shop, TicketId::new(1).unwrap(), after, limit);
    for limit in [None, Some(50)] {
        let first_page = plan(&fixture, list(None, limit)).await;
        assert_follows(&first_page, "comments_by_ticket", "shop_id=? AND ticket_id=?");
        let after = CommentPosition { time: at(1), id: CommentId::new(1).unwrap() };
        let next_page = plan(&fixture, list(Some(after), limit)).await;
        assert_follows(&next_page, "comments_by_ticket", "shop_id=? AND ticket_id=? AND time>?");
    }
}

#[tokio::test]
async fn only_an_empty_page_of_comments_takes_a_second_look() {
    let fixture = recorded_fixture().await;
    for (ticket, expected) in [(1, 1), (2, 2), (99, 2)] {
        let ticket = TicketId::new(ticket).unwrap();
        let list = fixture.storage.list_comments(fixture.shop, ticket, None, Some(50));
        assert_eq!(statements(&fixture, list).await.len(), expected);
    }
}
