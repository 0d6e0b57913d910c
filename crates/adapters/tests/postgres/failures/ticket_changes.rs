//! Changes and deletions of tickets, while another client or a dropped caller interferes.

use std::pin::pin;

use hexdesk_domain::ports::{DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{IdempotentOutcome, StorageError, TicketChanges, TicketId, TicketStore};

use super::fixture::{Fixture, begin, claim, now, stamp};

/// Creates a fixture with an open ticket.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.create(vec![fixture.item(1, None)]).await.unwrap();
    fixture
}

fn ticket() -> TicketId {
    TicketId::new(1).unwrap()
}

/// Closes the ticket.
async fn close(
    fixture: &Fixture,
    expected_version: Option<i64>,
    key: Option<&str>,
) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
    let changes = TicketChanges { is_opened: Some(false), ..TicketChanges::default() };
    let update = TicketUpdate { changes, expected_version, stamp: stamp(now()) };
    fixture.storage.update_ticket(fixture.shop, ticket(), update, key.map(claim)).await
}

#[tokio::test]
async fn an_update_completes_after_its_caller_is_dropped() {
    for key in [None, Some("key")] {
        let fixture = fixture().await;
        fixture.other_does("BEGIN; LOCK TABLE events IN EXCLUSIVE MODE").await;
        {
            let mut update = pin!(close(&fixture, None, key));
            begin(update.as_mut()).await;
            fixture.is_blocked().await;
        }
        fixture.other_does("COMMIT").await;
        // The pool's only connection is free again when the abandoned update has ended.
        let view = fixture.storage.find_ticket(fixture.shop, ticket()).await.unwrap().unwrap();
        assert_eq!((view.ticket.is_opened, view.ticket.version), (false, 2), "{key:?}");
        assert_eq!(view.human_ticket.unwrap().closed_at, Some(now()), "{key:?}");
        fixture.sessions(1, "state = 'idle'").await;
        if key.is_some() {
            let again = close(&fixture, None, key).await.unwrap();
            assert_eq!(again, IdempotentOutcome::Replayed(b"receipt".to_vec()));
        }
    }
}

#[tokio::test]
async fn an_update_waits_for_another_update_and_sees_it() {
    let fixture = fixture().await;
    fixture.other_does("BEGIN; UPDATE tickets SET version = version + 1").await;
    let (updated, ()) = tokio::join!(close(&fixture, Some(1), None), async {
        fixture.is_blocked().await;
        fixture.other_does("COMMIT").await;
    });
    assert_eq!(updated.unwrap(), IdempotentOutcome::Ran(UpdateTicketOutcome::VersionMismatch));
    assert_eq!(fixture.count("SELECT count(*) FROM tickets WHERE human_ticket_closed_at IS NULL").await, 1);
}

#[tokio::test]
async fn a_deletion_waits_for_a_comment_and_sees_it() {
    for (expected_version, outcome, comments) in
        [(Some(1), DeleteTicketOutcome::VersionMismatch, 1), (None, DeleteTicketOutcome::Deleted, 0)]
    {
        let fixture = fixture().await;
        fixture
            .other_does(
                "BEGIN; UPDATE tickets SET version = version + 1;
                 INSERT INTO comments SELECT shop_id, 1, id, 'Hello', now(), channel, false, NULL, NULL,
                     NULL, '[]', NULL, '[]', '' FROM tickets",
            )
            .await;
        let deletion = fixture.storage.delete_ticket(fixture.shop, ticket(), expected_version, stamp(now()));
        let (deleted, ()) = tokio::join!(deletion, async {
            fixture.is_blocked().await;
            fixture.other_does("COMMIT").await;
        });
        assert_eq!(deleted.unwrap(), outcome);
        assert_eq!(fixture.count("SELECT count(*) FROM comments").await, comments);
        assert_eq!(fixture.is_there(1).await, comments == 1);
    }
}
