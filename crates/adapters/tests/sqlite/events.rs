//! The positions of events in SQLite's log.

use crate::fixture::{at, comment, customer, fixture, stamp, ticket};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use hexdesk_adapters::{SqliteStorage, back_up, restore};
use hexdesk_domain::ports::{CommentCreation, CreateCustomerOutcome, CreateShopOutcome, CreateTicketOutcome};
use hexdesk_domain::{
    CommentStore, CustomerId, CustomerStore, Event, EventKind, EventStore, IdempotentOutcome, PageSize,
    RetentionStore, ShopDomain, ShopId, ShopStore, TicketId, TicketStore, Timestamp,
};

/// The shop's events as kind, change since its creation, and part.
async fn log(storage: &SqliteStorage, shop: ShopId) -> Vec<(EventKind, i64, i64)> {
    let page =
        storage.list_events(shop, Default::default(), None, PageSize::of(1_000)).await.unwrap().unwrap();
    assert_eq!(page.next, None);
    // A shop that is created at a time begins where no log can be before.
    let first = at(0).unix_millis() * 16;
    let place = |event: Event| (event.kind, event.position.change - first, event.position.part);
    page.entries.into_iter().map(place).collect()
}

/// Another shop with a customer.
async fn another_shop(storage: &SqliteStorage) -> (ShopId, CustomerId) {
    let domain = ShopDomain::parse("b.example").unwrap();
    let CreateShopOutcome::Created(shop) = storage.create_shop(&domain, at(0)).await.unwrap() else {
        panic!("the shop already exists");
    };
    let attempt = storage.create_customer(shop.id, customer("bob@example.com"), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) = attempt else {
        panic!("the customer already exists");
    };
    (shop.id, customer.id)
}

#[tokio::test]
async fn a_batch_is_one_change_per_shop() {
    let fixture = fixture().await;
    let (other, bob) = another_shop(&fixture.storage).await;
    let batch = vec![
        ticket(fixture.shop, fixture.customer, 1),
        ticket(other, bob, 2),
        ticket(fixture.shop, CustomerId::new(99).unwrap(), 3),
        ticket(fixture.shop, fixture.customer, 4),
    ];
    let outcomes = fixture.storage.create_tickets(batch).await.unwrap();
    assert_eq!(outcomes[2], CreateTicketOutcome::CustomerNotFound);
    let expected = [
        (EventKind::CustomerCreated, 1, 0),
        (EventKind::TicketCreated, 2, 0),
        (EventKind::TicketCreated, 2, 1),
    ];
    assert_eq!(log(&fixture.storage, fixture.shop).await, expected);
    let expected = [(EventKind::CustomerCreated, 1, 0), (EventKind::TicketCreated, 2, 0)];
    assert_eq!(log(&fixture.storage, other).await, expected);
}

#[tokio::test]
async fn a_failed_command_leaves_no_events_and_no_gap() {
    let fixture = fixture().await;
    let create = |ids: [i64; 2]| {
        let batch = ids.map(|id| ticket(fixture.shop, fixture.customer, id));
        fixture.storage.create_tickets(batch.into())
    };
    create([1, 1]).await.unwrap_err();
    assert_eq!(log(&fixture.storage, fixture.shop).await, [(EventKind::CustomerCreated, 1, 0)]);
    create([1, 2]).await.unwrap();
    let changes = log(&fixture.storage, fixture.shop).await;
    assert_eq!(changes[1..], [(EventKind::TicketCreated, 2, 0), (EventKind::TicketCreated, 2, 1)]);
}

#[tokio::test]
async fn positions_are_not_reused_after_a_removal() {
    let fixture = fixture().await;
    assert_eq!(fixture.storage.remove_events(fixture.shop, at(1), 10).await.unwrap(), 1);
    assert_eq!(log(&fixture.storage, fixture.shop).await, []);
    let (path, directory) = (fixture.path(), fixture.directory);
    drop(fixture.storage);
    let storage = SqliteStorage::open(&path).unwrap();
    storage.create_tickets(vec![ticket(fixture.shop, fixture.customer, 1)]).await.unwrap();
    assert_eq!(log(&storage, fixture.shop).await, [(EventKind::TicketCreated, 2, 0)]);
    drop(directory);
}

#[tokio::test]
async fn deletions_of_an_erasure_are_numbered_without_a_gap() {
    let fixture = fixture().await;
    let (storage, shop) = (&fixture.storage, fixture.shop);
    let batch = [1, 2].map(|id| ticket(shop, fixture.customer, id));
    storage.create_tickets(batch.into()).await.unwrap();
    let batch = [(1, 1), (1, 2), (2, 3)];
    let batch = batch.map(|(ticket, id)| CommentCreation {
        comment: comment(shop, ticket, id),
        stamp: stamp(id),
        expected_version: None,
        claim: None,
    });
    storage.create_comments(batch.into()).await.unwrap();
    storage.delete_ticket(shop, TicketId::new(2).unwrap(), None, stamp(5)).await.unwrap();
    storage.erase_customer(shop, fixture.customer, stamp(6)).await.unwrap().unwrap();
    let log = log(storage, shop).await;
    // A row is deleted before the row that it refers to.
    let expected = [
        (EventKind::CommentDeleted, 4, 0),
        (EventKind::TicketDeleted, 4, 1),
        (EventKind::CommentDeleted, 5, 0),
        (EventKind::CommentDeleted, 5, 1),
        (EventKind::TicketDeleted, 5, 2),
        (EventKind::CustomerErased, 5, 3),
    ];
    assert_eq!(log[log.len() - expected.len()..], expected);
    // No event names its customer any more.
    let mut connection = SqliteConnection::establish(fixture.path().to_str().unwrap()).unwrap();
    let told = sql::<BigInt>("SELECT count(customer_id) FROM events").get_result(&mut connection);
    assert_eq!(told, Ok(0_i64));
}

#[tokio::test]
async fn a_restored_backup_continues_the_log_ahead_of_the_lost_one() {
    let fixture = fixture().await;
    fixture.storage.create_tickets(vec![ticket(fixture.shop, fixture.customer, 1)]).await.unwrap();
    let written = fixture
        .storage
        .list_events(fixture.shop, Default::default(), None, PageSize::of(10))
        .await
        .unwrap()
        .unwrap();
    let beside = |name: &str| fixture.directory.path().join(name);
    back_up(&fixture.path(), &beside("backup.db")).unwrap();
    let continues_at = async |backup: &str, restored: &str, now: Timestamp| {
        restore(&beside(backup), &beside(restored), false, now).unwrap();
        let storage = SqliteStorage::open(&beside(restored)).unwrap();
        let page = PageSize::of(u32::try_from(written.entries.len()).unwrap());
        let old = storage.list_events(fixture.shop, Default::default(), None, page).await.unwrap().unwrap();
        assert_eq!(old.entries, written.entries);
        storage.create_tickets(vec![ticket(fixture.shop, fixture.customer, 2)]).await.unwrap();
        log(&storage, fixture.shop).await.last().unwrap().1
    };
    // The same backup is restored twice. The second log is ahead of the first.
    assert_eq!(continues_at("backup.db", "first.db", at(1_000)).await, 16_001);
    assert_eq!(continues_at("backup.db", "second.db", at(2_000)).await, 32_001);
    // The clock has stepped back.
    assert_eq!(continues_at("backup.db", "third.db", at(-1_000)).await, (1 << 32) + 3);
}
