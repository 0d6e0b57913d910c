//! Comments, while another client or a dropped caller interferes.

use std::pin::pin;

use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{CommentStore, IdempotentOutcome, StorageError, StorageErrorKind, TicketId};

use super::fixture::{Fixture, begin, claim, kind, now, stamp};

/// A fixture with two tickets, the later one first on disk.
async fn fixture(options: &str) -> Fixture {
    let fixture = Fixture::with_options(options).await;
    for id in [2, 1] {
        fixture.create(vec![fixture.item(id, None)]).await.unwrap();
    }
    fixture
}

/// Creates a comment on each of these tickets.
async fn comment(
    fixture: &Fixture,
    tickets: &[i64],
    key: Option<&str>,
) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
    let item = |ticket: &i64| CommentCreation {
        comment: fixture.comment(*ticket, *ticket),
        stamp: stamp(now()),
        expected_version: None,
        claim: key.map(claim),
    };
    fixture.storage.create_comments(tickets.iter().map(item).collect()).await
}

#[tokio::test]
async fn a_batch_completes_after_its_caller_is_dropped() {
    let fixture = fixture("").await;
    fixture.other_does("BEGIN; LOCK TABLE comments IN EXCLUSIVE MODE").await;
    {
        let mut create = pin!(comment(&fixture, &[1], Some("key")));
        begin(create.as_mut()).await;
        fixture.is_blocked().await;
    }
    fixture.other_does("COMMIT").await;
    // The pool's only connection is free again when the abandoned batch has ended.
    let ticket = TicketId::new(1).unwrap();
    assert_eq!(fixture.storage.count_comments(fixture.shop, ticket).await.unwrap(), Some(1));
    fixture.sessions(1, "state = 'idle'").await;
    assert_eq!(fixture.count("SELECT version FROM tickets WHERE id = 1").await, 2);
    let again = comment(&fixture, &[1], Some("key")).await.unwrap();
    assert_eq!(again, [IdempotentOutcome::Replayed(b"receipt".to_vec())]);
}

#[tokio::test]
async fn a_connection_lost_in_a_batch_leaves_the_outcome_unknown() {
    let fixture = fixture("").await;
    fixture.other_does("BEGIN; SELECT FROM tickets WHERE id = 2 FOR UPDATE").await;
    let (created, ()) = tokio::join!(comment(&fixture, &[1, 2], None), async {
        fixture.is_blocked().await;
        fixture.end_sessions().await;
    });
    assert_eq!(kind(created), StorageErrorKind::OutcomeUnknown);
    fixture.other_does("COMMIT").await;
    assert_eq!(fixture.count("SELECT count(*) FROM comments").await, 0);
    assert_eq!(fixture.count("SELECT sum(version)::bigint FROM tickets").await, 2);
}

#[tokio::test]
async fn waiting_too_long_for_a_ticket_writes_nothing() {
    let fixture = fixture("-c lock_timeout=100ms").await;
    fixture.other_does("BEGIN; SELECT FROM tickets WHERE id = 2 FOR UPDATE").await;
    assert_eq!(kind(comment(&fixture, &[1, 2], Some("key")).await), StorageErrorKind::Unavailable);
    assert_eq!(fixture.count("SELECT count(*) FROM comments").await, 0);
    assert_eq!(fixture.count("SELECT count(*) FROM idempotency_records").await, 0);
}

#[tokio::test]
async fn all_batches_lock_tickets_in_the_same_order() {
    let fixture = fixture("").await;
    let free = "SELECT count(*) FROM (SELECT FROM tickets WHERE id = 1 FOR UPDATE SKIP LOCKED) AS free";
    assert_eq!(fixture.count(free).await, 1);
    fixture.other_does("BEGIN; SELECT FROM tickets WHERE id = 2 FOR UPDATE").await;
    let (created, ()) = tokio::join!(comment(&fixture, &[2, 1], None), async {
        fixture.is_blocked().await;
        assert_eq!(fixture.count(free).await, 0);
        fixture.other_does("COMMIT").await;
    });
    assert_eq!(created.unwrap().len(), 2);
}

#[tokio::test]
async fn a_batch_that_waits_for_a_customer_locks_no_ticket() {
    let fixture = fixture("").await;
    // The second ticket belongs to another customer, who is being erased.
    fixture
        .other_does(
            "INSERT INTO customers (shop_id, id, email_folded, number_of_orders, created_at, words)
                 SELECT id, 99, 'z@example.com', 0, now(), '' FROM shops;
             UPDATE tickets SET customer_id = 99 WHERE id = 2",
        )
        .await;
    fixture.other_does("BEGIN; SELECT FROM customers WHERE id = 99 FOR UPDATE").await;
    let free = "SELECT count(*) FROM (SELECT FROM tickets FOR UPDATE SKIP LOCKED) AS free";
    let (created, ()) = tokio::join!(comment(&fixture, &[1, 2], None), async {
        fixture.is_blocked().await;
        assert_eq!(fixture.count(free).await, 2);
        fixture
            .other_does("DELETE FROM tickets WHERE id = 2; DELETE FROM customers WHERE id = 99; COMMIT")
            .await;
    });
    assert!(
        matches!(
            &created.unwrap()[..],
            [
                IdempotentOutcome::Ran(CreateCommentOutcome::Created(_)),
                IdempotentOutcome::Ran(CreateCommentOutcome::TicketNotFound)
            ]
        ),
        "expected one comment and one missing ticket"
    );
}
