//! Removals of old records and events, by several servers at the same time.

use hexdesk_domain::RetentionStore;

use super::fixture::{Fixture, events, later};

#[tokio::test]
async fn records_that_another_server_is_removing_are_skipped() {
    let fixture = Fixture::new().await;
    for (id, key) in [(1, "one"), (2, "two"), (3, "three")] {
        fixture.create(vec![fixture.item(id, Some(key))]).await.unwrap();
    }
    let first = "DELETE FROM idempotency_records WHERE idempotency_key = 'one'";
    fixture.other_does(&format!("BEGIN; {first}")).await;
    assert_eq!(fixture.storage.remove_idempotency_records(later(), 1).await.unwrap(), 1);
    assert_eq!(fixture.storage.remove_idempotency_records(later(), 9).await.unwrap(), 1);
    fixture.other_does("COMMIT").await;
    assert_eq!(fixture.count("SELECT count(*) FROM idempotency_records").await, 0);
}

#[tokio::test]
async fn a_removal_of_events_continues_after_another_servers() {
    let fixture = Fixture::new().await;
    for id in 1..=4 {
        fixture.create(vec![fixture.item(id, None)]).await.unwrap();
    }
    fixture
        .other_does(
            "BEGIN; DELETE FROM events
                WHERE (change, part) IN (SELECT change, part FROM events ORDER BY change, part LIMIT 2)",
        )
        .await;
    let (removed, ()) = tokio::join!(fixture.storage.remove_events(fixture.shop, later(), 2), async {
        fixture.is_blocked().await;
        fixture.other_does("COMMIT").await;
    });
    assert_eq!(removed.unwrap(), 2);
    let left = events(&fixture.storage, fixture.shop, None).await;
    assert_eq!(left.iter().map(|event| event.subject.number()).collect::<Vec<_>>(), [4]);
}

#[tokio::test]
async fn a_removal_without_old_events_locks_nothing() {
    let fixture = Fixture::new().await;
    fixture.other_does("BEGIN; SELECT FROM events FOR UPDATE").await;
    assert_eq!(fixture.storage.remove_events(fixture.shop, super::fixture::now(), 9).await.unwrap(), 0);
}
