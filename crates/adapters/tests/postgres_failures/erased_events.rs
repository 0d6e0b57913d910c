//! What is left in the log of a customer who is erased, while others write of them.

use hexdesk_adapters::PostgresStorage;
use hexdesk_domain::ports::{CommentCreation, CustomerUpdate, TicketUpdate};
use hexdesk_domain::{CommentStore, CustomerChanges, CustomerStore, TicketChanges, TicketId, TicketStore};

use crate::scene::{Scene, later, now, stamp};
use hexdesk_domain::RetentionStore;

/// How many events hold something of a customer's.
const SNAPSHOTS: &str = "SELECT count(*) FROM events WHERE snapshot IS NOT NULL OR customer_id IS NOT NULL";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    CreateTicket,
    Comment,
    UpdateTicket,
    UpdateCustomer,
}

impl Command {
    const ALL: [Self; 4] = [Self::CreateTicket, Self::Comment, Self::UpdateTicket, Self::UpdateCustomer];

    async fn run(self, scene: &Scene) {
        let (storage, shop) = (&scene.storage, scene.shop);
        match self {
            Self::CreateTicket => {
                scene.create(vec![scene.item(2, None)]).await.unwrap();
            }
            Self::Comment => {
                let item = CommentCreation { comment: scene.comment(1, 1), stamp: stamp(now()), once: None };
                storage.create_comments(vec![item]).await.unwrap();
            }
            Self::UpdateTicket => {
                let changes = TicketChanges { unread_count: Some(3), ..TicketChanges::default() };
                let update = TicketUpdate { changes, expected_version: None, stamp: stamp(now()) };
                storage.update_ticket(shop, TicketId::new(1).unwrap(), update, None).await.unwrap();
            }
            Self::UpdateCustomer => {
                let changes =
                    CustomerChanges { first_name: Some(Some("Ann".into())), ..CustomerChanges::default() };
                let update = CustomerUpdate { changes, stamp: stamp(now()) };
                storage.update_customer(shop, scene.customer, update, None).await.unwrap();
            }
        }
    }
}

/// Another server's storage.
async fn eraser(scene: &Scene) -> PostgresStorage {
    PostgresStorage::connect(&format!("{}?application_name=eraser", scene.database.url)).await.unwrap()
}

/// Holds up a command just before its events are written, and has an erasure begin.
#[tokio::test]
async fn an_erasure_takes_what_is_being_written() {
    for command in Command::ALL {
        let scene = Scene::new().await;
        let eraser = eraser(&scene).await;
        scene.create(vec![scene.item(1, None)]).await.unwrap();
        assert_eq!(scene.count(SNAPSHOTS).await, 2);
        scene.other_does("BEGIN; LOCK TABLE events IN SHARE MODE").await;
        let erase = async {
            scene.is_blocked().await;
            eraser.erase_customer(scene.shop, scene.customer, stamp(now())).await.unwrap()
        };
        let (erased, (), ()) = tokio::join!(erase, command.run(&scene), async {
            scene.is_blocked().await;
            scene.sessions_of("eraser", 1, "wait_event_type = 'Lock'").await;
            scene.other_does("COMMIT").await;
        });
        assert!(erased.is_some(), "{command:?}");
        assert_eq!(scene.count(SNAPSHOTS).await, 0, "{command:?}");
    }
}

/// Holds up an erasure just before its end, and has a command begin.
#[tokio::test]
async fn nothing_is_written_of_who_is_being_erased() {
    for command in Command::ALL {
        let scene = Scene::new().await;
        let eraser = eraser(&scene).await;
        scene.create(vec![scene.item(1, None)]).await.unwrap();
        // In the way of taking the snapshots, and of no new event.
        scene.other_does("BEGIN; SELECT FROM events FOR UPDATE").await;
        let erase = eraser.erase_customer(scene.shop, scene.customer, stamp(now()));
        let (erased, (), ()) = tokio::join!(
            erase,
            async {
                scene.sessions_of("eraser", 1, "wait_event_type = 'Lock'").await;
                command.run(&scene).await;
            },
            async {
                scene.is_blocked().await;
                scene.other_does("COMMIT").await;
            }
        );
        assert!(erased.unwrap().is_some(), "{command:?}");
        assert_eq!(scene.count(SNAPSHOTS).await, 0, "{command:?}");
    }
}

#[tokio::test]
async fn an_erasure_and_a_removal_take_events_in_the_same_order() {
    let free = "SELECT count(*) FROM (SELECT FROM events WHERE kind = 'ticket.created'
        FOR UPDATE SKIP LOCKED) AS free";
    for erases in [false, true] {
        let scene = Scene::new().await;
        scene.create(vec![scene.item(1, None)]).await.unwrap();
        // The first event comes behind the second, on the disk and in the index by customer.
        for snapshot in ["NULL", "'{}'"] {
            let first = "kind = 'customer.created'";
            scene.other_does(&format!("UPDATE events SET snapshot = {snapshot} WHERE {first}")).await;
        }
        scene.other_does("BEGIN; SELECT FROM events WHERE kind = 'customer.created' FOR UPDATE").await;
        tokio::join!(
            async {
                if erases {
                    scene.storage.erase_customer(scene.shop, scene.customer, stamp(now())).await.unwrap();
                } else {
                    scene.storage.remove_events(scene.shop, later(), 2).await.unwrap();
                }
            },
            async {
                scene.is_blocked().await;
                assert_eq!(scene.count(free).await, 1, "{erases}");
                scene.other_does("ROLLBACK").await;
            }
        );
    }
}
