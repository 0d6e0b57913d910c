//! Idempotency keys that another transaction has claimed.

use hexdesk_domain::ports::{CommentCreation, CreateCustomerOutcome};
use hexdesk_domain::{
    CommentStore, CustomerDraft, CustomerStore, IdempotentOutcome, NewCustomer, StorageError,
    StorageErrorKind, TicketId, TicketStore,
};

use super::fixture::{Fixture, claim, client, kind, now, stamp};

fn bob() -> NewCustomer {
    let draft = CustomerDraft { email: Some("bob@example.com".into()), ..CustomerDraft::default() };
    draft.into_new(stamp(now())).unwrap()
}

async fn create_bob(
    fixture: &Fixture,
    key: &str,
) -> Result<IdempotentOutcome<CreateCustomerOutcome>, StorageError> {
    fixture.storage.create_customer(fixture.shop, bob(), Some(claim(key))).await
}

/// Claims a key like the first of two equal requests.
async fn other_claims(fixture: &Fixture, key: &str) {
    let sql = format!(
        "INSERT INTO idempotency_records VALUES
             ({}, 'create', '{key}', decode(repeat('07', 32), 'hex'), 'first', NULL, now())",
        fixture.shop
    );
    fixture.other_does(&sql).await;
}

async fn version(fixture: &Fixture, ticket: i64) -> i64 {
    let view = fixture.storage.find_ticket(fixture.shop, TicketId::new(ticket).unwrap()).await.unwrap();
    view.unwrap().ticket.version
}

#[tokio::test]
async fn an_operation_waits_for_a_claim_and_returns_its_outcome() {
    let fixture = Fixture::new().await;
    fixture.create(vec![fixture.item(1, None)]).await.unwrap();
    for (key, end, is_first) in [("kept", "COMMIT", false), ("given up", "ROLLBACK", true)] {
        fixture.other_does("BEGIN").await;
        other_claims(&fixture, key).await;
        let (created, ()) = tokio::join!(create_bob(&fixture, key), async {
            fixture.is_blocked().await;
            fixture.other_does(end).await;
        });
        match created.unwrap() {
            IdempotentOutcome::Ran(CreateCustomerOutcome::Created(_)) => assert!(is_first),
            attempt => {
                assert_eq!((attempt, is_first), (IdempotentOutcome::Replayed(b"first".to_vec()), false))
            }
        }
        fixture.other_does("DELETE FROM idempotency_records").await;
        fixture.other_does("BEGIN").await;
        other_claims(&fixture, key).await;
        let item = CommentCreation {
            comment: fixture.comment(1, 1),
            stamp: stamp(now()),
            expected_version: None,
            claim: Some(claim(key)),
        };
        let (created, ()) = tokio::join!(fixture.storage.create_comments(vec![item]), async {
            fixture.is_blocked().await;
            fixture.other_does(end).await;
        });
        match &created.unwrap()[..] {
            [IdempotentOutcome::Ran(_)] => assert!(is_first),
            attempts => {
                assert_eq!(
                    (attempts, is_first),
                    (&[IdempotentOutcome::Replayed(b"first".to_vec())][..], false)
                )
            }
        }
        assert_eq!(version(&fixture, 1).await, if is_first { 2 } else { 1 });
    }
}

#[tokio::test]
async fn a_claim_that_stays_open_is_in_progress() {
    let fixture = Fixture::with_options("-c lock_timeout=100ms").await;
    fixture.other_does("BEGIN").await;
    other_claims(&fixture, "key").await;
    assert_eq!(create_bob(&fixture, "key").await.unwrap(), IdempotentOutcome::InProgress);
    fixture.other_does("COMMIT").await;
    assert_eq!(create_bob(&fixture, "key").await.unwrap(), IdempotentOutcome::Replayed(b"first".to_vec()));
    assert_eq!(fixture.count("SELECT count(*) FROM customers").await, 1);
    assert_eq!(fixture.count("SELECT count(*) FROM idempotency_records").await, 1);
}

#[tokio::test]
async fn a_batch_is_written_without_its_items_in_progress() {
    let fixture = Fixture::with_options("-c lock_timeout=100ms").await;
    fixture.create(vec![fixture.item(1, None)]).await.unwrap();
    fixture.other_does("BEGIN").await;
    other_claims(&fixture, "b").await;
    other_claims(&fixture, "d").await;
    let keys = [Some("d"), None, Some("a"), Some("b"), Some("c"), Some("d"), Some("a")];
    let batch = (1..).zip(keys).map(|(id, key)| CommentCreation {
        comment: fixture.comment(1, id),
        stamp: stamp(now()),
        expected_version: None,
        claim: key.map(claim),
    });
    let attempts = fixture.storage.create_comments(batch.collect()).await.unwrap();
    let told: Vec<&str> = attempts
        .iter()
        .map(|attempt| match attempt {
            IdempotentOutcome::Ran(_) => "ran",
            IdempotentOutcome::Replayed(_) => "replayed",
            IdempotentOutcome::KeyReused => "reused",
            IdempotentOutcome::InProgress => "in progress",
        })
        .collect();
    assert_eq!(told, ["in progress", "ran", "ran", "in progress", "ran", "in progress", "replayed"]);
    assert_eq!(version(&fixture, 1).await, 4);
    assert_eq!(fixture.count("SELECT count(*) FROM idempotency_records").await, 2);
}

#[tokio::test]
async fn a_lock_of_the_whole_table_is_unavailable_not_in_progress() {
    let fixture = Fixture::with_options("-c lock_timeout=100ms").await;
    fixture.other_does("BEGIN; LOCK TABLE idempotency_records IN EXCLUSIVE MODE").await;
    assert_eq!(kind(create_bob(&fixture, "key").await), StorageErrorKind::Unavailable);
    let item = CommentCreation {
        comment: fixture.comment(1, 1),
        stamp: stamp(now()),
        expected_version: None,
        claim: Some(claim("key")),
    };
    assert_eq!(kind(fixture.storage.create_comments(vec![item]).await), StorageErrorKind::Unavailable);
}

#[tokio::test]
async fn a_connection_lost_before_the_commit_leaves_the_outcome_unknown() {
    let fixture = Fixture::new().await;
    fixture.other_does("BEGIN; LOCK TABLE customers IN EXCLUSIVE MODE").await;
    let (created, ()) = tokio::join!(create_bob(&fixture, "key"), async {
        fixture.is_blocked().await;
        fixture.end_sessions().await;
    });
    assert_eq!(kind(created), StorageErrorKind::OutcomeUnknown);
    fixture.other_does("COMMIT").await;
    // A retry with the same key resolves the unknown outcome.
    let created = create_bob(&fixture, "key").await.unwrap();
    assert!(matches!(created, IdempotentOutcome::Ran(CreateCustomerOutcome::Created(_))), "{created:?}");
    assert_eq!(create_bob(&fixture, "key").await.unwrap(), IdempotentOutcome::Replayed(b"receipt".to_vec()));
}

#[tokio::test]
async fn all_batches_claim_keys_in_the_same_order() {
    let fixture = Fixture::new().await;
    fixture.other_does("BEGIN").await;
    other_claims(&fixture, "b").await;
    let batch = [(1, "b"), (2, "a")].map(|(id, key)| CommentCreation {
        comment: fixture.comment(1, id),
        stamp: stamp(now()),
        expected_version: None,
        claim: Some(claim(key)),
    });
    let (created, ()) = tokio::join!(fixture.storage.create_comments(batch.into()), async {
        fixture.is_blocked().await;
        let third = client(&fixture.database).await;
        third.batch_execute("SET lock_timeout = '50ms'").await.unwrap();
        let claim = format!(
            "INSERT INTO idempotency_records VALUES ({}, 'create', 'a', '', '', NULL, now())",
            fixture.shop
        );
        assert!(third.batch_execute(&claim).await.is_err(), "the batch has not claimed the key yet");
        fixture.other_does("ROLLBACK").await;
    });
    assert_eq!(created.unwrap().len(), 2);
}
