//! The log of an erased customer, while others write about the customer.

use hexdesk_adapters::PostgresStorage;
use hexdesk_domain::ports::{CommentCreation, CustomerUpdate, TicketUpdate};
use hexdesk_domain::{CommentStore, CustomerChanges, CustomerStore, TicketChanges, TicketId, TicketStore};

use super::fixture::{Fixture, later, now, stamp};
use hexdesk_domain::RetentionStore;

/// Counts the events with data of a customer.
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

    async fn run(self, fixture: &Fixture) {
        let (storage, shop) = (&fixture.storage, fixture.shop);
        match self {
            Self::CreateTicket => {
                fixture.create(vec![fixture.item(2, None)]).await.unwrap();
            }
            Self::Comment => {
                let item = CommentCreation {
                    comment: fixture.comment(1, 1),
                    stamp: stamp(now()),
                    expected_version: None,
                    claim: None,
                };
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
                storage.update_customer(shop, fixture.customer, update, None).await.unwrap();
            }
        }
    }
}

/// Connects the storage of another server.
async fn eraser(fixture: &Fixture) -> PostgresStorage {
    PostgresStorage::connect(&format!("{}?application_name=eraser", fixture.database.url)).await.unwrap()
}

/// Blocks a command just before it writes its events, and starts an erasure.
#[tokio::test]
async fn an_erasure_removes_data_that_is_being_written() {
    for command in Command::ALL {
        let fixture = Fixture::new().await;
        let eraser = eraser(&fixture).await;
        fixture.create(vec![fixture.item(1, None)]).await.unwrap();
        assert_eq!(fixture.count(SNAPSHOTS).await, 2);
        fixture.other_does("BEGIN; LOCK TABLE events IN SHARE MODE").await;
        let erase = async {
            fixture.is_blocked().await;
            eraser.erase_customer(fixture.shop, fixture.customer, stamp(now())).await.unwrap()
        };
        let (erased, (), ()) = tokio::join!(erase, command.run(&fixture), async {
            fixture.is_blocked().await;
            fixture.sessions_of("eraser", 1, "wait_event_type = 'Lock'").await;
            fixture.other_does("COMMIT").await;
        });
        assert!(erased.is_some(), "{command:?}");
        assert_eq!(fixture.count(SNAPSHOTS).await, 0, "{command:?}");
    }
}

/// Blocks an erasure just before its end, and starts a command.
#[tokio::test]
async fn no_data_is_written_about_a_customer_being_erased() {
    for command in Command::ALL {
        let fixture = Fixture::new().await;
        let eraser = eraser(&fixture).await;
        fixture.create(vec![fixture.item(1, None)]).await.unwrap();
        // Blocks the removal of the snapshots, and no new event.
        fixture.other_does("BEGIN; SELECT FROM events FOR UPDATE").await;
        let erase = eraser.erase_customer(fixture.shop, fixture.customer, stamp(now()));
        let (erased, (), ()) = tokio::join!(
            erase,
            async {
                fixture.sessions_of("eraser", 1, "wait_event_type = 'Lock'").await;
                command.run(&fixture).await;
            },
            async {
                fixture.is_blocked().await;
                fixture.other_does("COMMIT").await;
            }
        );
        assert!(erased.unwrap().is_some(), "{command:?}");
        assert_eq!(fixture.count(SNAPSHOTS).await, 0, "{command:?}");
    }
}

#[tokio::test]
async fn an_erasure_and_a_removal_lock_events_in_the_same_order() {
    let free = "SELECT count(*) FROM (SELECT FROM events WHERE kind = 'ticket.created'
        FOR UPDATE SKIP LOCKED) AS free";
    for erases in [false, true] {
        let fixture = Fixture::new().await;
        fixture.create(vec![fixture.item(1, None)]).await.unwrap();
        // The first event is after the second, on disk and in the index by customer.
        for snapshot in ["NULL", "'{}'"] {
            let first = "kind = 'customer.created'";
            fixture.other_does(&format!("UPDATE events SET snapshot = {snapshot} WHERE {first}")).await;
        }
        fixture.other_does("BEGIN; SELECT FROM events WHERE kind = 'customer.created' FOR UPDATE").await;
        tokio::join!(
            async {
                if erases {
                    fixture
                        .storage
                        .erase_customer(fixture.shop, fixture.customer, stamp(now()))
                        .await
                        .unwrap();
                } else {
                    fixture.storage.remove_events(fixture.shop, later(), 2).await.unwrap();
                }
            },
            async {
                fixture.is_blocked().await;
                assert_eq!(fixture.count(free).await, 1, "{erases}");
                fixture.other_does("ROLLBACK").await;
            }
        );
    }
}
