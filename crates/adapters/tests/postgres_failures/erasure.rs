//! Customers that are erased, while others add to what is theirs.

use std::sync::Arc;

use hexdesk_adapters::{PostgresOptions, PostgresStorage};
use hexdesk_domain::ports::{
    CommentCreation, CreateCommentOutcome, CreateCustomerOutcome, CreateTicketOutcome, CustomerUpdate,
    Erased, TicketUpdate, UpdateTicketOutcome,
};
use hexdesk_domain::{
    CommentStore, Customer, CustomerChanges, CustomerDraft, CustomerStore, IdempotentOutcome, RetentionStore,
    StorageError, TicketChanges, TicketId, TicketStore,
};

use crate::scene::{Scene, client, later, now, stamp};

/// What another server does to erase the only customer, once it has the customer.
const ERASE: &str = "DELETE FROM comments; DELETE FROM tickets;
    DELETE FROM idempotency_records; DELETE FROM customers";

async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.create(vec![scene.item(1, None)]).await.unwrap();
    scene
}

async fn comment(
    scene: &Scene,
    key: &str,
) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
    let item = CommentCreation {
        comment: scene.comment(1, 1),
        stamp: stamp(now()),
        once: Some(scene.once_of_customer(key)),
    };
    scene.storage.create_comments(vec![item]).await
}

async fn rename(scene: &Scene, key: &str) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
    let changes = TicketChanges { name: Some(Some("Renamed".into())), ..TicketChanges::default() };
    let update = TicketUpdate { changes, expected_version: None, stamp: stamp(now()) };
    let ticket = TicketId::new(1).unwrap();
    scene.storage.update_ticket(scene.shop, ticket, update, Some(scene.once_of_customer(key))).await
}

#[tokio::test]
async fn what_is_being_added_goes_with_the_customer() {
    let scene = scene().await;
    comment(&scene, "key").await.unwrap();
    let item = scene.item(2, Some("other key"));
    scene
        .other_does(
            "BEGIN; INSERT INTO tickets SELECT shop_id, 3, customer_id, channel, NULL, NULL, NULL, now(), NULL,
                 now(), NULL, NULL, false, 0, '[]', NULL, NULL, 1, NULL, NULL, NULL, '' FROM tickets",
        )
        .await;
    scene.create(vec![item]).await.unwrap();
    let (erased, ()) =
        tokio::join!(scene.storage.erase_customer(scene.shop, scene.customer, stamp(now())), async {
            scene.is_blocked().await;
            scene.other_does("COMMIT").await;
        });
    let all = Erased { tickets: 3, human_tickets: 2, comments: 1, idempotency_records: 2 };
    assert_eq!(erased.unwrap(), Some(all));
    for table in ["customers", "tickets", "comments", "idempotency_records"] {
        assert_eq!(scene.count(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn who_waits_for_an_erasure_holds_no_ticket_and_finds_none() {
    let free = "SELECT count(*) FROM (SELECT FROM tickets FOR UPDATE SKIP LOCKED) AS free";
    for command in ["comment", "rename"] {
        let scene = scene().await;
        scene.other_does("BEGIN; SELECT FROM customers FOR UPDATE").await;
        let waiting = async {
            match command {
                "comment" => {
                    let commented = comment(&scene, "key").await.unwrap();
                    assert_eq!(commented, [IdempotentOutcome::Ran(CreateCommentOutcome::TicketNotFound)]);
                }
                _ => {
                    let renamed = rename(&scene, "key").await.unwrap();
                    assert_eq!(renamed, IdempotentOutcome::Ran(UpdateTicketOutcome::TicketNotFound));
                }
            }
        };
        tokio::join!(waiting, async {
            scene.is_blocked().await;
            assert_eq!(scene.count(free).await, 1, "{command}");
            scene.other_does(&format!("{ERASE}; COMMIT")).await;
        });
        // Its receipt tells of the customer who is gone, and was not asked for.
        assert_eq!(scene.count("SELECT count(*) FROM idempotency_records").await, 0);
    }
}

#[tokio::test]
async fn an_erasure_waits_for_a_ticket_that_is_being_deleted() {
    let scene = scene().await;
    scene.other_does("BEGIN; SELECT FROM tickets FOR UPDATE").await;
    let (erased, ()) =
        tokio::join!(scene.storage.erase_customer(scene.shop, scene.customer, stamp(now())), async {
            scene.is_blocked().await;
            scene.other_does("DELETE FROM tickets; COMMIT").await;
        });
    assert_eq!(erased.unwrap(), Some(Erased::default()));
}

#[tokio::test]
async fn an_erasure_holds_no_customer_while_customers_are_numbered() {
    let scene = scene().await;
    scene.other_does("BEGIN; LOCK TABLE customers IN SHARE ROW EXCLUSIVE MODE").await;
    let (erased, ()) =
        tokio::join!(scene.storage.erase_customer(scene.shop, scene.customer, stamp(now())), async {
            scene.is_blocked().await;
            scene.other_does("SELECT FROM customers FOR KEY SHARE; COMMIT").await;
        });
    assert!(erased.unwrap().is_some());
}

#[tokio::test]
async fn a_batch_outlasts_all_its_customers() {
    const CUSTOMERS: usize = 5;
    let scene = Scene::new().await;
    let mut batch = Vec::new();
    let mut erasers = Vec::new();
    for index in 0..CUSTOMERS {
        let draft = CustomerDraft { phone_number: Some(index.to_string()), ..CustomerDraft::default() };
        let customer = create(&scene.storage, &scene, draft).await;
        let eraser = client(&scene.database).await;
        eraser
            .batch_execute(&format!("BEGIN; DELETE FROM customers WHERE id = {}", customer.id))
            .await
            .unwrap();
        let id = i64::try_from(index).unwrap() + 1;
        let mut item = scene.item(id, None);
        item.ticket.customer_id = customer.id;
        batch.push(item);
        erasers.push(eraser);
    }
    batch.push(scene.item(99, None));
    let (created, ()) = tokio::join!(scene.create(batch), async {
        for eraser in &erasers {
            let pid: i32 = eraser.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
            scene.sessions(1, &format!("{pid} = ANY (pg_blocking_pids(pid))")).await;
            eraser.batch_execute("COMMIT").await.unwrap();
        }
    });
    let mut expected = vec![CreateTicketOutcome::CustomerNotFound; CUSTOMERS];
    expected.push(CreateTicketOutcome::Created);
    assert_eq!(created.unwrap(), expected);
}

async fn create(storage: &PostgresStorage, scene: &Scene, draft: CustomerDraft) -> Customer {
    let created =
        storage.create_customer(scene.shop, draft.into_new(stamp(now())).unwrap(), None).await.unwrap();
    let IdempotentOutcome::Ran(
        CreateCustomerOutcome::Created(customer) | CreateCustomerOutcome::Existing(customer),
    ) = created
    else {
        panic!("{created:?}")
    };
    customer
}

/// Erases a customer again and again, while others use it in every way that keeps a record
/// of theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_fails_because_of_an_erasure() {
    const ROUNDS: i64 = 25;
    let scene = Arc::new(Scene::new().await);
    let options = PostgresOptions { max_connections: 8, pending_list_cleanup: None };
    let storage = PostgresStorage::connect_with(&scene.database.url, &options).await.unwrap();
    let ann = || CustomerDraft { email: Some("ann@example.com".into()), ..CustomerDraft::default() };
    for round in 0..ROUNDS {
        let customer = create(&storage, &scene, ann()).await.id;
        let mut tasks = tokio::task::JoinSet::new();
        for worker in 0..6 {
            let (scene, storage) = (Arc::clone(&scene), storage.clone());
            tasks.spawn(async move {
                let (first, second) =
                    (round * 100 + worker * 10 + 1, round * 100 + (worker + 1) % 6 * 10 + 1);
                let key = |name: &str| format!("{name} {first}");
                let mut item = scene.item(first, Some(&key("create")));
                item.ticket.customer_id = customer;
                if let Some(claim) = &mut item.idempotency {
                    claim.receipt.customer_id = Some(customer);
                }
                storage.create_tickets(vec![item]).await.unwrap();
                let once = scene.once_of(&key("comment"), customer);
                // A neighbour's ticket, which may not be there yet, and its own.
                let batch = vec![
                    CommentCreation {
                        comment: scene.comment(second, second),
                        stamp: stamp(now()),
                        once: None,
                    },
                    CommentCreation {
                        comment: scene.comment(first, first + 1),
                        stamp: stamp(now()),
                        once: Some(once),
                    },
                ];
                storage.create_comments(batch).await.unwrap();
                let changes = TicketChanges { unread_count: Some(3), ..TicketChanges::default() };
                let update = TicketUpdate { changes, expected_version: None, stamp: stamp(now()) };
                let once = scene.once_of(&key("update"), customer);
                let ticket = TicketId::new(second).unwrap();
                storage.update_ticket(scene.shop, ticket, update, Some(once)).await.unwrap();
                let changes = CustomerChanges {
                    phone_number: Some(Some(first.to_string())),
                    ..CustomerChanges::default()
                };
                let once = scene.once_of(&key("customer"), customer);
                storage
                    .update_customer(
                        scene.shop,
                        customer,
                        CustomerUpdate { changes, stamp: stamp(now()) },
                        Some(once),
                    )
                    .await
                    .unwrap();
                storage.delete_ticket(scene.shop, ticket, None, stamp(now())).await.unwrap();
            });
        }
        let eraser = storage.clone();
        let shop = scene.shop;
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
        assert_eq!(scene.count(&left).await, 0);
    }
}
