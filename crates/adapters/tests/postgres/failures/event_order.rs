//! The order of events, while other transactions hold the counters that order them.

use std::pin::pin;

use hexdesk_domain::ports::CreateTicketOutcome;
use hexdesk_domain::{Event, EventKind, EventPosition, ShopId, TicketId, TicketStore};

use super::fixture::{Fixture, begin, client, events};

/// Writes an event of another server in its transaction: the deletion of ticket 77 of this shop.
async fn others_event(fixture: &Fixture, shop: i64) {
    fixture
        .other_does(&format!(
            "WITH counted AS (
                INSERT INTO shop_counters AS counter (shop_id, changes) VALUES ({shop}, 1)
                ON CONFLICT (shop_id) DO UPDATE SET changes = counter.changes + 1 RETURNING changes)
            INSERT INTO events (shop_id, change, part, kind, subject_id, time)
                SELECT {shop}, changes, 1, 'ticket.deleted', 77, now() FROM counted"
        ))
        .await;
}

/// The log after this event.
async fn list(fixture: &Fixture, after: Option<EventPosition>) -> Vec<Event> {
    events(&fixture.storage, fixture.shop, after).await
}

fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn the_log_has_the_order_of_the_commits() {
    for (end, expected) in [
        ("COMMIT", &[EventKind::TicketDeleted, EventKind::TicketCreated][..]),
        ("ROLLBACK", &[EventKind::TicketCreated]),
    ] {
        let fixture = Fixture::with_connections(2).await;
        fixture.other_does("BEGIN").await;
        others_event(&fixture, fixture.shop.get()).await;
        let mut create = pin!(fixture.create(vec![fixture.item(1, None)]));
        begin(create.as_mut()).await;
        fixture.is_blocked().await;
        let seen = list(&fixture, None).await;
        assert_eq!(kinds(&seen), [EventKind::CustomerCreated]);

        fixture.other_does(end).await;
        create.await.unwrap();
        assert_eq!(kinds(&list(&fixture, Some(seen[0].position)).await), expected, "{end}");
    }
}

#[tokio::test]
async fn only_transactions_of_the_shop_delay_its_log() {
    let fixture = Fixture::new().await;
    fixture.other_does("INSERT INTO shops (domain, created_at) VALUES ('other.example', now())").await;
    fixture.other_does("BEGIN").await;
    others_event(&fixture, fixture.shop.get() + 1).await;
    // It writes in this shop too, but no event yet.
    fixture.other_does("UPDATE users SET first_name = ''; SELECT pg_current_xact_id()").await;
    let reader = client(&fixture.database).await;
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM tickets").await.unwrap();

    fixture.create(vec![fixture.item(1, None)]).await.unwrap();
    let all = list(&fixture, None).await;
    assert_eq!(kinds(&all), [EventKind::CustomerCreated, EventKind::TicketCreated]);
}

/// Whoever holds the counter of a shop waits for nothing else.
#[tokio::test]
async fn a_write_takes_the_counter_after_its_other_locks() {
    let fixture = Fixture::new().await;
    fixture.other_does("BEGIN; SELECT FROM customers FOR UPDATE").await;
    let mut create = pin!(fixture.create(vec![fixture.item(1, Some("key"))]));
    begin(create.as_mut()).await;
    fixture.is_blocked().await;
    // The creation waits for the customer. It must not hold the counter.
    others_event(&fixture, fixture.shop.get()).await;
    fixture.other_does("COMMIT").await;
    create.await.unwrap();
    let kinds = kinds(&list(&fixture, None).await);
    assert_eq!(kinds, [EventKind::CustomerCreated, EventKind::TicketDeleted, EventKind::TicketCreated]);
}

#[tokio::test]
async fn a_shop_counts_for_itself() {
    let fixture = Fixture::new().await;
    fixture
        .other_does(
            "INSERT INTO shops (domain, created_at) VALUES ('other.example', now());
             INSERT INTO customers (shop_id, id, number_of_orders, created_at, words)
                 SELECT max(shop_id) + 1, max(id), 0, now(), '' FROM customers",
        )
        .await;
    let others = |id| {
        let mut item = fixture.item(id, None);
        item.ticket.shop_id = ShopId::new(fixture.shop.get() + 1).unwrap();
        item
    };
    let mut numbers = Vec::new();
    for id in 1..4 {
        // The other shop writes too, also in the same batch.
        let batch = vec![fixture.item(id, None), others(id), others(id + 10)];
        let created = fixture.create(batch).await.unwrap();
        assert_eq!(created, [const { CreateTicketOutcome::Created }; 3]);
        let ticket = fixture.storage.find_ticket(fixture.shop, TicketId::new(id).unwrap()).await.unwrap();
        numbers.push(ticket.unwrap().human_ticket.unwrap().id.get());
    }
    assert_eq!(numbers, [1, 2, 3]);
    let changes: Vec<_> = list(&fixture, None).await.iter().map(|event| event.position.change).collect();
    assert_eq!(changes, [1, 2, 3, 4]);
}
