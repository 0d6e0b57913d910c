//! Tickets that are changed and deleted, while another client or a lost caller gets in
//! the way.

use std::pin::pin;

use hexdesk_domain::ports::{DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{IdempotentOutcome, StorageError, TicketChanges, TicketId, TicketStore};

use crate::scene::{Scene, begin, now, once, stamp};

/// A scene with an open ticket.
async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.create(vec![scene.item(1, None)]).await.unwrap();
    scene
}

fn ticket() -> TicketId {
    TicketId::new(1).unwrap()
}

/// Closes the ticket.
async fn close(
    scene: &Scene,
    expected_version: Option<i64>,
    key: Option<&str>,
) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
    let changes = TicketChanges { is_opened: Some(false), ..TicketChanges::default() };
    let update = TicketUpdate { changes, expected_version, stamp: stamp(now()) };
    scene.storage.update_ticket(scene.shop, ticket(), update, key.map(once)).await
}

#[tokio::test]
async fn an_update_goes_on_when_its_caller_has_gone() {
    for key in [None, Some("key")] {
        let scene = scene().await;
        scene.other_does("BEGIN; LOCK TABLE events IN EXCLUSIVE MODE").await;
        {
            let mut update = pin!(close(&scene, None, key));
            begin(update.as_mut()).await;
            scene.is_blocked().await;
        }
        scene.other_does("COMMIT").await;
        // The pool's only connection comes back when the abandoned update has ended.
        let view = scene.storage.find_ticket(scene.shop, ticket()).await.unwrap().unwrap();
        assert_eq!((view.ticket.is_opened, view.ticket.version), (false, 2), "{key:?}");
        assert_eq!(view.human_ticket.unwrap().closed_at, Some(now()), "{key:?}");
        scene.sessions(1, "state = 'idle'").await;
        if key.is_some() {
            let again = close(&scene, None, key).await.unwrap();
            assert_eq!(again, IdempotentOutcome::Replayed(b"receipt".to_vec()));
        }
    }
}

#[tokio::test]
async fn an_update_waits_for_another_and_sees_what_it_made() {
    let scene = scene().await;
    scene.other_does("BEGIN; UPDATE tickets SET version = version + 1").await;
    let (updated, ()) = tokio::join!(close(&scene, Some(1), None), async {
        scene.is_blocked().await;
        scene.other_does("COMMIT").await;
    });
    assert_eq!(updated.unwrap(), IdempotentOutcome::Ran(UpdateTicketOutcome::VersionMismatch));
    assert_eq!(scene.count("SELECT count(*) FROM tickets WHERE human_ticket_closed_at IS NULL").await, 1);
}

#[tokio::test]
async fn a_deletion_waits_for_a_comment_and_sees_what_it_made() {
    for (expected_version, outcome, comments) in
        [(Some(1), DeleteTicketOutcome::VersionMismatch, 1), (None, DeleteTicketOutcome::Deleted, 0)]
    {
        let scene = scene().await;
        scene
            .other_does(
                "BEGIN; UPDATE tickets SET version = version + 1;
                 INSERT INTO comments SELECT shop_id, 1, id, 'Hello', now(), channel, false, NULL, NULL,
                     NULL, '[]', NULL, '[]', '' FROM tickets",
            )
            .await;
        let deletion = scene.storage.delete_ticket(scene.shop, ticket(), expected_version, stamp(now()));
        let (deleted, ()) = tokio::join!(deletion, async {
            scene.is_blocked().await;
            scene.other_does("COMMIT").await;
        });
        assert_eq!(deleted.unwrap(), outcome);
        assert_eq!(scene.count("SELECT count(*) FROM comments").await, comments);
        assert_eq!(scene.is_there(1).await, comments == 1);
    }
}
