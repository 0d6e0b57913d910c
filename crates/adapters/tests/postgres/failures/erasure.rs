//! Erasures of customers, while others add data of the same customers.

use std::sync::Arc;

use hexdesk_adapters::{PostgresOptions, PostgresStorage};
use hexdesk_domain::ports::{
    CommentCreation, CreateCommentOutcome, CreateCustomerOutcome, CreateTicketOutcome, CustomerUpdate,
    Erased, TicketUpdate, UpdateTicketOutcome,
};
use hexdesk_domain::{
    CommentStore, Customer, CustomerChanges, CustomerDraft, CustomerId, CustomerStore, IdempotentOutcome,
    RetentionStore, StorageError, TicketChanges, TicketId, TicketStore,
};

use super::fixture::{Fixture, client, later, now, stamp};

/// The statements with which another server erases the only customer, after locking the customer.
const ERASE: &str = "DELETE FROM comments; DELETE FROM tickets;
    DELETE FROM idempotency_records; DELETE FROM customers";

async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.create(vec![fixture.item(1, None)]).await.unwrap();
    fixture
}

async fn comment(
    fixture: &Fixture,
    key: &str,
) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
    let item = CommentCreation {
        comment: fixture.comment(1, 1),
        stamp: stamp(now()),
        expected_version: None,
        claim: Some(fixture.claim_of_customer(key)),
    };
    fixture.storage.create_comments(vec![item]).await
}

async fn rename(
    fixture: &Fixture,
    key: &str,
) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
    let changes = TicketChanges { name: Some(Some("Renamed".into())), ..TicketChanges::default() };
    let update = TicketUpdate { changes, expected_version: None, stamp: stamp(now()) };
    let ticket = TicketId::new(1).unwrap();
    fixture.storage.update_ticket(fixture.shop, ticket, update, Some(fixture.claim_of_customer(key))).await
}

#[tokio::test]
async fn an_erasure_removes_data_that_is_being_added() {
    let fixture = fixture().await;
    comment(&fixture, "key").await.unwrap();
    let item = fixture.item(2, Some("other key"));
    fixture
        .other_does(
            "BEGIN; INSERT INTO tickets SELECT shop_id, 3, customer_id, channel, NULL, NULL, NULL, now(), NULL,
                 now(), NULL, NULL, false, 0, '[]', NULL, NULL, 1, NULL, NULL, NULL, '' FROM tickets",
        )
        .await;
    fixture.create(vec![item]).await.unwrap();
    let (erased, ()) =
        tokio::join!(fixture.storage.erase_customer(fixture.shop, fixture.customer, stamp(now())), async {
            fixture.is_blocked().await;
            fixture.other_does("COMMIT").await;
        });
    let all = Erased { tickets: 3, human_tickets: 2, comments: 1, idempotency_records: 2 };
    assert_eq!(erased.unwrap(), Some(all));
    for table in ["customers", "tickets", "comments", "idempotency_records"] {
        assert_eq!(fixture.count(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn an_operation_that_waits_for_an_erasure_locks_and_finds_no_ticket() {
    let free = "SELECT count(*) FROM (SELECT FROM tickets FOR UPDATE SKIP LOCKED) AS free";
    for command in ["comment", "rename"] {
        let fixture = fixture().await;
        fixture.other_does("BEGIN; SELECT FROM customers FOR UPDATE").await;
        let waiting = async {
            match command {
                "comment" => {
                    let commented = comment(&fixture, "key").await.unwrap();
                    assert_eq!(commented, [IdempotentOutcome::Ran(CreateCommentOutcome::TicketNotFound)]);
                }
                _ => {
                    let renamed = rename(&fixture, "key").await.unwrap();
                    assert_eq!(renamed, IdempotentOutcome::Ran(UpdateTicketOutcome::TicketNotFound));
                }
            }
        };
        tokio::join!(waiting, async {
            fixture.is_blocked().await;
            assert_eq!(fixture.count(free).await, 1, "{command}");
            fixture.other_does(&format!("{ERASE}; COMMIT")).await;
        });
        // No record is left: its receipt would hold data of the erased customer.
        assert_eq!(fixture.count("SELECT count(*) FROM idempotency_records").await, 0);
    }
}

#[tokio::test]
async fn an_erasure_waits_for_a_ticket_that_is_being_deleted() {
    let fixture = fixture().await;
    fixture.other_does("BEGIN; SELECT FROM tickets FOR UPDATE").await;
    let (erased, ()) =
        tokio::join!(fixture.storage.erase_customer(fixture.shop, fixture.customer, stamp(now())), async {
            fixture.is_blocked().await;
            fixture.other_does("DELETE FROM tickets; COMMIT").await;
        });
    assert_eq!(erased.unwrap(), Some(Erased::default()));
}

#[tokio::test]
async fn no_erasure_and_no_change_waits_for_a_creation_that_has_its_number() {
    for requested in [None, CustomerId::new(500)] {
        let fixture = fixture().await;
        fixture
            .other_does(&format!(
                "BEGIN; INSERT INTO customers
                         (shop_id, id, email, email_folded, number_of_orders, created_at, words)
                     VALUES ({}, 99, 'bob@example.com', 'bob@example.com', 0, now(), '')",
                fixture.shop
            ))
            .await;
        let second = PostgresStorage::connect(&fixture.database.url).await.unwrap();
        let draft = CustomerDraft {
            id: requested,
            email: Some("bob@example.com".into()),
            ..CustomerDraft::default()
        };
        let bob = draft.into_new(stamp(now())).unwrap();
        let (created, ()) = tokio::join!(fixture.storage.create_customer(fixture.shop, bob, None), async {
            fixture.is_blocked().await;
            let changes =
                CustomerChanges { email: Some(Some("eve@example.com".into())), ..CustomerChanges::default() };
            let update = CustomerUpdate { changes, stamp: stamp(now()) };
            second.update_customer(fixture.shop, fixture.customer, update, None).await.unwrap();
            let erased = second.erase_customer(fixture.shop, fixture.customer, stamp(now())).await.unwrap();
            assert_eq!(erased.unwrap().tickets, 1);
            fixture.other_does("COMMIT").await;
        });
        assert!(matches!(created.unwrap(), IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(_))));
    }
}

#[tokio::test]
async fn a_batch_survives_the_erasure_of_its_customers() {
    const CUSTOMERS: usize = 5;
    let fixture = Fixture::new().await;
    let mut batch = Vec::new();
    let mut erasers = Vec::new();
    for index in 0..CUSTOMERS {
        let draft = CustomerDraft { phone_number: Some(index.to_string()), ..CustomerDraft::default() };
        let customer = create(&fixture.storage, &fixture, draft).await;
        let eraser = client(&fixture.database).await;
        eraser
            .batch_execute(&format!("BEGIN; DELETE FROM customers WHERE id = {}", customer.id))
            .await
            .unwrap();
        let id = i64::try_from(index).unwrap() + 1;
        let mut item = fixture.item(id, None);
        item.ticket.customer_id = customer.id;
        batch.push(item);
        erasers.push(eraser);
    }
    batch.push(fixture.item(99, None));
    let (created, ()) = tokio::join!(fixture.create(batch), async {
        for eraser in &erasers {
            let pid: i32 = eraser.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
            fixture.sessions(1, &format!("{pid} = ANY (pg_blocking_pids(pid))")).await;
            eraser.batch_execute("COMMIT").await.unwrap();
        }
    });
    let mut expected = vec![CreateTicketOutcome::CustomerNotFound; CUSTOMERS];
    expected.push(CreateTicketOutcome::Created);
    assert_eq!(created.unwrap(), expected);
}

async fn create(storage: &PostgresStorage, fixture: &Fixture, draft: CustomerDraft) -> Customer {
    let created =
        storage.create_customer(fixture.shop, draft.into_new(stamp(now())).unwrap(), None).await.unwrap();
    let IdempotentOutcome::Ran(
        CreateCustomerOutcome::Created(customer) | CreateCustomerOutcome::Existing(customer),
    ) = created
    else {
        panic!("{created:?}")
    };
    customer
}

/// Erases a customer repeatedly, while others use the customer in every way that stores data.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_fails_because_of_an_erasure() {
    const ROUNDS: i64 = 25;
    let fixture = Arc::new(Fixture::new().await);
    let options =
        PostgresOptions { max_connections: 8, pending_list_cleanup: None, ..PostgresOptions::default() };
    let storage = PostgresStorage::connect_with(&fixture.database.url, &options).await.unwrap();
    let ann = || CustomerDraft { email: Some("ann@example.com".into()), ..CustomerDraft::default() };
    for round in 0..ROUNDS {
        let customer = create(&storage, &fixture, ann()).await.id;
        let mut tasks = tokio::task::JoinSet::new();
        for worker in 0..6 {
            let (fixture, storage) = (Arc::clone(&fixture), storage.clone());
            tasks.spawn(async move {
                let (first, second) =
                    (round * 100 + worker * 10 + 1, round * 100 + (worker + 1) % 6 * 10 + 1);
                let key = |name: &str| format!("{name} {first}");
                let mut item = fixture.item(first, Some(&key("create")));
                item.ticket.customer_id = customer;
                if let Some(claim) = &mut item.idempotency {
                    claim.receipt.customer_id = Some(customer);
                }
                storage.create_tickets(vec![item]).await.unwrap();
                let claim = fixture.claim_of(&key("comment"), customer);
                // A neighbour's ticket, which may not exist yet, and its own.
                let batch = vec![
                    CommentCreation {
                        comment: fixture.comment(second, second),
                        stamp: stamp(now()),
                        expected_version: None,
                        claim: None,
                    },
                    CommentCreation {
                        comment: fixture.comment(first, first + 1),
                        stamp: stamp(now()),
                        expected_version: None,
                        claim: Some(claim),
                    },
                ];
                storage.create_comments(batch).await.unwrap();
                let changes = TicketChanges { unread_count: Some(3), ..TicketChanges::default() };
                let update = TicketUpdate { changes, expected_version: None, stamp: stamp(now()) };
                let claim = fixture.claim_of(&key("update"), customer);
                let ticket = TicketId::new(second).unwrap();
                storage.update_ticket(fixture.shop, ticket, update, Some(claim)).await.unwrap();
                let changes = CustomerChanges {
                    phone_number: Some(Some(first.to_string())),
                    ..CustomerChanges::default()
                };
                let claim = fixture.claim_of(&key("customer"), customer);
                storage
                    .update_customer(
                        fixture.shop,
                        customer,
                        CustomerUpdate { changes, stamp: stamp(now()) },
                        Some(claim),
                    )
                    .await
                    .unwrap();
                storage.delete_ticket(fixture.shop, ticket, None, stamp(now())).await.unwrap();
            });
        }
        let eraser = storage.clone();
        let shop = fixture.shop;
        tasks.spawn(async move {
            eraser.erase_customer(shop, customer, stamp(now())).await.unwrap();
        });
        let remover = storage.clone();
        tasks.spawn(async move {
            while remover.remove_events(shop, later(), 7).await.unwrap() == 7 {}
            while remover.remove_idempotency_records(later(), 7).await.unwrap() == 7 {}
        });
        tasks.join_all().await;
        let left = format!(
            "SELECT (SELECT count(*) FROM tickets WHERE customer_id = {customer}) +
                 (SELECT count(*) FROM idempotency_records WHERE customer_id = {customer}) +
                 (SELECT count(*) FROM events WHERE customer_id = {customer} OR snapshot IS NOT NULL)"
        );
        assert_eq!(fixture.count(&left).await, 0);
    }
}
