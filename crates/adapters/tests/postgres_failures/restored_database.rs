//! A database that was dumped and restored on another server, with transaction numbers of its own.

use hexdesk_adapters::PostgresStorage;
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{CustomerDraft, CustomerStore, IdempotentOutcome, ShopId};
use hexdesk_test_postgres::{Cluster, TestDatabase};

use crate::fixture::{Fixture, listed, now, stamp};

/// Uses up transaction numbers that a new server takes long to reach.
const TRANSACTIONS: &str = "DO $$ BEGIN
    FOR number IN 1..5000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP;
END $$";

/// Creates a customer, which is one event.
async fn write(storage: &PostgresStorage, shop: ShopId, phone_number: &str) {
    let draft = CustomerDraft { phone_number: Some(phone_number.into()), ..CustomerDraft::default() };
    let created = storage.create_customer(shop, draft.into_new(stamp(now())).unwrap(), None).await.unwrap();
    assert!(matches!(created, IdempotentOutcome::Ran(CreateCustomerOutcome::Created(_))), "{created:?}");
}

fn numbering(database: &TestDatabase) -> String {
    database.psql("SELECT prosrc FROM pg_proc WHERE proname = 'event_change'")
}

#[tokio::test]
async fn a_restored_log_continues() {
    let fixture = Fixture::new().await;
    fixture.other_does("DELETE FROM events").await;
    fixture.other_does(TRANSACTIONS).await;
    for phone_number in ["1", "2"] {
        write(&fixture.storage, fixture.shop, phone_number).await;
    }
    let dumped = listed(&fixture.storage, fixture.shop, None, 2).await;
    assert_eq!(dumped.len(), 2);
    let own = Cluster::builder().start();
    let database = own.empty_database();
    fixture.database.copy_into(&database);
    // After the dump, the old database gets more transactions and a reader.
    fixture.other_does(TRANSACTIONS).await;
    write(&fixture.storage, fixture.shop, "3").await;
    let [lost] = &listed(&fixture.storage, fixture.shop, Some(dumped[1].position), 1).await[..] else {
        panic!("expected one event")
    };

    let storage = PostgresStorage::connect(&database.url).await.unwrap();
    assert_eq!(listed(&storage, fixture.shop, None, 0).await, [], "the new server's numbers must be smaller");
    assert_eq!(storage.migrate().await.unwrap(), Vec::<String>::new());
    assert_eq!(listed(&storage, fixture.shop, None, 2).await, dumped);
    assert_eq!(listed(&storage, fixture.shop, Some(dumped[0].position), 1).await, dumped[1..]);

    write(&storage, fixture.shop, "4").await;
    for seen in [dumped[1].position, lost.position] {
        assert_eq!(listed(&storage, fixture.shop, Some(seen), 1).await.len(), 1, "{seen:?}");
    }

    // A second migration changes nothing.
    let numbers = numbering(&database);
    storage.migrate().await.unwrap();
    assert_eq!(numbering(&database), numbers);

    // The database can move to yet another server.
    let another = Cluster::builder().start();
    let next_database = another.empty_database();
    database.copy_into(&next_database);
    let next = PostgresStorage::connect(&next_database.url).await.unwrap();
    next.migrate().await.unwrap();
    let all = listed(&next, fixture.shop, None, 3).await;
    assert_eq!(all.len(), 3);
    write(&next, fixture.shop, "5").await;
    assert_eq!(listed(&next, fixture.shop, Some(all[2].position), 1).await.len(), 1);
}

#[tokio::test]
async fn a_database_that_was_not_moved_keeps_its_numbering() {
    let fixture = Fixture::new().await;
    let numbers = numbering(&fixture.database);
    fixture.storage.migrate().await.unwrap();
    assert_eq!(numbering(&fixture.database), numbers);
}
