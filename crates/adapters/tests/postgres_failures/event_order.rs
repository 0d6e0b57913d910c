//! The order of events, while those who write them overtake each other.

use hexdesk_domain::{Event, EventKind, EventPosition, EventStore, RetentionStore};
use hexdesk_test_postgres::cluster;

use crate::scene::{Scene, client, later};

/// What another server writes in its transaction: that ticket 77 was deleted.
async fn others_event(scene: &Scene) {
    let event = "INSERT INTO events (shop_id, kind, subject_id, time) VALUES";
    scene.other_does(&format!("{event} ({}, 'ticket.deleted', 77, now())", scene.shop)).await;
}

pub(crate) async fn list(scene: &Scene, after: Option<EventPosition>) -> Vec<Event> {
    scene.storage.list_events(scene.shop, after, 100).await.unwrap().entries
}

fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn nothing_appears_before_what_was_listed() {
    // The other's event is there first; or its transaction only, and the event comes last.
    for writes_first in [true, false] {
        let scene = Scene::new().await;
        scene.other_does("BEGIN; SELECT pg_current_xact_id()").await;
        if writes_first {
            others_event(&scene).await;
        }
        scene.create(vec![scene.item(1, None)]).await.unwrap();

        let listed = list(&scene, None).await;
        assert_eq!(kinds(&listed), [EventKind::CustomerCreated]);
        // What is not listed is not removed either.
        assert_eq!(scene.storage.remove_events(scene.shop, later(), 100).await.unwrap(), 1);

        if !writes_first {
            others_event(&scene).await;
        }
        scene.other_does("COMMIT").await;
        let next = list(&scene, Some(listed[0].position)).await;
        assert_eq!(kinds(&next), [EventKind::TicketDeleted, EventKind::TicketCreated]);
        assert_eq!(list(&scene, Some(next[0].position)).await, next[1..]);
        assert_eq!(scene.storage.remove_events(scene.shop, later(), 100).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn who_gives_up_holds_nothing_back() {
    let scene = Scene::new().await;
    scene.other_does("BEGIN").await;
    others_event(&scene).await;
    scene.create(vec![scene.item(1, None)]).await.unwrap();
    assert_eq!(kinds(&list(&scene, None).await), [EventKind::CustomerCreated]);
    scene.other_does("ROLLBACK").await;
    assert_eq!(kinds(&list(&scene, None).await), [EventKind::CustomerCreated, EventKind::TicketCreated]);
}

#[tokio::test]
async fn other_databases_of_the_server_hold_nothing_back() {
    let scene = Scene::new().await;
    let neighbour = cluster().empty_database();
    let neighbour = client(&neighbour).await;
    neighbour.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    // By an account that may not look at what others do.
    let account = format!("plain_{}", scene.database.name);
    scene.other_does(&format!("CREATE ROLE {account}; GRANT SELECT ON events TO {account}")).await;
    let url = format!("{}?options=-c%20role%3D{account}", scene.database.url);
    let plain = hexdesk_adapters::PostgresStorage::connect(&url).await.unwrap();

    scene.create(vec![scene.item(1, None)]).await.unwrap();
    let listed = plain.list_events(scene.shop, None, 100).await.unwrap().entries;
    assert_eq!(kinds(&listed), [EventKind::CustomerCreated, EventKind::TicketCreated]);
    neighbour.batch_execute("COMMIT").await.unwrap();
    drop(plain);
    scene.other_does(&format!("DROP OWNED BY {account}; DROP ROLE {account}")).await;
}

#[tokio::test]
async fn a_shops_log_is_not_held_back_by_who_only_reads() {
    let scene = Scene::new().await;
    scene.other_does("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM tickets").await;
    scene.create(vec![scene.item(1, None)]).await.unwrap();
    assert_eq!(kinds(&list(&scene, None).await), [EventKind::CustomerCreated, EventKind::TicketCreated]);
}
