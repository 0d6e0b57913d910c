//! The order of events, while their writers overtake each other.

use std::pin::pin;

use hexdesk_domain::{Event, EventKind, EventPosition, EventStore, PageSize};
use hexdesk_test_postgres::cluster;

use crate::fixture::{Fixture, begin, client, listed};

/// Writes an event of another server in its transaction: the deletion of ticket 77.
async fn others_event(fixture: &Fixture) {
    let event = "INSERT INTO events (shop_id, kind, subject_id, time) VALUES";
    fixture.other_does(&format!("{event} ({}, 'ticket.deleted', 77, now())", fixture.shop)).await;
}

/// The log after this event, once it has `count` events.
async fn list(fixture: &Fixture, after: Option<EventPosition>, count: usize) -> Vec<Event> {
    listed(&fixture.storage, fixture.shop, after, count).await
}

fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn no_event_appears_before_listed_events() {
    // The other transaction begins first. It writes its event first, or last.
    for writes_first in [true, false] {
        let fixture = Fixture::new().await;
        fixture.other_does("BEGIN; SELECT pg_current_xact_id()").await;
        if writes_first {
            others_event(&fixture).await;
        }
        fixture.create(vec![fixture.item(1, None)]).await.unwrap();

        let seen = list(&fixture, None, 1).await;
        assert_eq!(kinds(&seen), [EventKind::CustomerCreated]);

        if !writes_first {
            others_event(&fixture).await;
        }
        fixture.other_does("COMMIT").await;
        let next = list(&fixture, Some(seen[0].position), 2).await;
        assert_eq!(kinds(&next), [EventKind::TicketDeleted, EventKind::TicketCreated]);
        assert_eq!(list(&fixture, Some(next[0].position), 1).await, next[1..]);
    }
}

#[tokio::test]
async fn a_rolled_back_transaction_does_not_delay_the_log() {
    let fixture = Fixture::new().await;
    fixture.other_does("BEGIN").await;
    others_event(&fixture).await;
    fixture.create(vec![fixture.item(1, None)]).await.unwrap();
    assert_eq!(kinds(&list(&fixture, None, 1).await), [EventKind::CustomerCreated]);
    fixture.other_does("ROLLBACK").await;
    assert_eq!(kinds(&list(&fixture, None, 2).await), [EventKind::CustomerCreated, EventKind::TicketCreated]);
}

#[tokio::test]
async fn other_databases_of_the_server_do_not_delay_the_log() {
    let fixture = Fixture::new().await;
    let other_database = cluster().empty_database();
    let other_database = client(&other_database).await;
    other_database.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    // This account may not see the activity of other accounts.
    let account = format!("plain_{}", fixture.database.name);
    fixture.other_does(&format!("CREATE ROLE {account}; GRANT SELECT ON events TO {account}")).await;
    let url = format!("{}?options=-c%20role%3D{account}", fixture.database.url);
    let plain = hexdesk_adapters::PostgresStorage::connect(&url).await.unwrap();

    fixture.create(vec![fixture.item(1, None)]).await.unwrap();
    let all = listed(&plain, fixture.shop, None, 2).await;
    assert_eq!(kinds(&all), [EventKind::CustomerCreated, EventKind::TicketCreated]);
    other_database.batch_execute("COMMIT").await.unwrap();
    drop(plain);
    fixture.other_does(&format!("DROP OWNED BY {account}; DROP ROLE {account}")).await;
}

#[tokio::test]
async fn a_transaction_that_ends_during_a_listing_hides_no_event() {
    let fixture = Fixture::with_options("-c search_path=public,pg_catalog").await;
    // A query for other writers waits for a lock first.
    let held = "CREATE FUNCTION held_activity() RETURNS SETOF pg_catalog.pg_stat_activity LANGUAGE plpgsql
            AS 'BEGIN
                PERFORM pg_advisory_xact_lock(1);
                RETURN QUERY SELECT * FROM pg_catalog.pg_stat_activity;
            END';
        CREATE VIEW pg_stat_activity AS SELECT * FROM held_activity()";
    fixture.other_does(held).await;
    let other_database = cluster().empty_database();
    let other_database = client(&other_database).await;
    other_database.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    fixture.create(vec![fixture.item(1, None)]).await.unwrap();

    fixture.other_does("SELECT pg_advisory_lock(1)").await;
    let mut list = pin!(fixture.storage.list_events(fixture.shop, None, PageSize::of(100)));
    begin(list.as_mut()).await;
    fixture.is_blocked().await;
    other_database.batch_execute("COMMIT").await.unwrap();
    fixture.other_does("SELECT pg_advisory_unlock(1)").await;
    let all = list.await.unwrap().entries;
    assert_eq!(kinds(&all), [EventKind::CustomerCreated, EventKind::TicketCreated]);
}

#[tokio::test]
async fn readers_do_not_delay_the_log() {
    let fixture = Fixture::new().await;
    fixture.other_does("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM tickets").await;
    fixture.create(vec![fixture.item(1, None)]).await.unwrap();
    assert_eq!(kinds(&list(&fixture, None, 2).await), [EventKind::CustomerCreated, EventKind::TicketCreated]);
}
