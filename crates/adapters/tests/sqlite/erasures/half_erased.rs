//! A database in the middle of an erasure, as a crash or a backup leaves it.

use std::path::{Path, PathBuf};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use hexdesk_adapters::{SqliteStorage, back_up, restore};
use hexdesk_domain::ports::{
    CommentCreation, CreateCommentOutcome, CreateTicketOutcome, CustomerUpdate, DeleteTicketOutcome,
    TicketUpdate, UpdateCustomerOutcome, UpdateTicketOutcome,
};
use hexdesk_domain::{
    CommentStore, CustomerChanges, CustomerStore, Event, EventKind, EventStore, IdempotentOutcome,
    NewCustomer, PageSize, RetentionStore, TicketChanges, TicketId, TicketStore,
};

use super::customer_with_tickets::{
    Desk, ERASED, WORD, assert_nothing_is_left, claimed, create_customer, details,
};
use crate::fixture::{at, comment, stamp};

/// The number of tickets that several steps delete. A backup begins before the last of them.
pub(crate) const HALF: i64 = 250;

fn count(path: &Path, query: &str) -> i64 {
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    sql::<BigInt>(query).get_result(&mut connection).unwrap()
}

/// Copies the database in the middle of the erasure of its customer.
pub(crate) async fn half_erased(desk: &Desk) -> PathBuf {
    let copy = desk.directory.path().join("copy.db");
    let erasure = desk.erase();
    desk.await_disappearance().await;
    back_up(&desk.path(), &copy).unwrap();
    erasure.abort();
    assert_eq!(count(&copy, "SELECT count(*) FROM erasures"), 1, "the customer has too few tickets");
    assert!(count(&copy, "SELECT count(*) FROM tickets") > 0);
    copy
}

/// Waits until the storage has finished every erasure.
async fn await_end(path: &Path) {
    while count(path, "SELECT count(*) FROM erasures") > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn log(storage: &SqliteStorage, desk: &Desk) -> Vec<Event> {
    let (mut log, mut after) = (Vec::new(), None);
    loop {
        let page = storage
            .list_events(desk.shop, Default::default(), after, PageSize::of(1_000))
            .await
            .unwrap()
            .unwrap();
        log.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return log;
        }
    }
}

#[tokio::test]
async fn a_hidden_customer_has_no_personal_data() {
    let desk = Desk::with_tickets(HALF).await;
    let copy = half_erased(&desk).await;
    let mut connection = SqliteConnection::establish(copy.to_str().unwrap()).unwrap();
    let columns: Vec<String> =
        sql::<Text>("SELECT name FROM pragma_table_xinfo('customers')").load(&mut connection).unwrap();
    for column in columns {
        let query = format!(
            "SELECT count(*) FROM customers WHERE (shop_id, id) IN (SELECT shop_id, customer_id FROM erasures)
                AND ({column} IS NULL OR {column} = 0)"
        );
        let is_empty = count(&copy, &query) == 1;
        assert_eq!(is_empty, !["shop_id", "id", "created_at"].contains(&column.as_str()), "{column}");
    }
}

#[tokio::test]
async fn writes_find_nothing_of_a_hidden_customer() {
    let desk = Desk::with_tickets(HALF).await;
    let copy = half_erased(&desk).await;
    // Nobody continues the erasure of a storage that is not migrated.
    let storage = SqliteStorage::open(&copy).unwrap();
    let (shop, customer) = (desk.shop, desk.customer);
    let before = log(&storage, &desk).await;

    // The last ticket to be deleted.
    let id = TicketId::new(HALF).unwrap();
    let creation = claimed(shop, customer, 9_001);
    let outcomes = storage.create_tickets(vec![creation]).await.unwrap();
    assert_eq!(outcomes, [CreateTicketOutcome::CustomerNotFound]);
    let changes = TicketChanges { name: Some(Some("new".to_owned())), ..TicketChanges::default() };
    let update = TicketUpdate { changes, expected_version: None, stamp: stamp(0) };
    let outcome = storage.update_ticket(shop, id, update, None).await.unwrap();
    assert_eq!(outcome, IdempotentOutcome::Ran(UpdateTicketOutcome::TicketNotFound));
    let outcome = storage.delete_ticket(shop, id, None, stamp(0)).await.unwrap();
    assert_eq!(outcome, DeleteTicketOutcome::TicketNotFound);
    let creation = CommentCreation {
        comment: comment(shop, HALF, 9_001),
        stamp: stamp(0),
        expected_version: None,
        claim: None,
    };
    let outcomes = storage.create_comments(vec![creation]).await.unwrap();
    assert_eq!(outcomes, [IdempotentOutcome::Ran(CreateCommentOutcome::TicketNotFound)]);
    let changes = CustomerChanges { full_name: Some(None), ..CustomerChanges::default() };
    let update = CustomerUpdate { changes, stamp: stamp(0) };
    let outcome = storage.update_customer(shop, customer, update, None).await.unwrap();
    assert_eq!(outcome, IdempotentOutcome::Ran(UpdateCustomerOutcome::CustomerNotFound));
    assert_eq!(storage.erase_customer(shop, customer, stamp(0)).await.unwrap(), None);
    assert_eq!(log(&storage, &desk).await, before);

    // The keys of the customer's requests are free.
    let again = create_customer(&storage, shop, details()).await;
    assert!(again > customer);
    let records = "SELECT count(*) FROM idempotency_records WHERE idempotency_key = 'key 1'";
    assert_eq!(count(&copy, records), 1);
    let mut creation = claimed(shop, again, 9_001);
    creation.idempotency = claimed(shop, again, 1).idempotency;
    let outcomes = storage.create_tickets(vec![creation.clone(), creation]).await.unwrap();
    assert_eq!(outcomes, [CreateTicketOutcome::Created, CreateTicketOutcome::Replayed(WORD.into())]);

    // Events are removed as usual.
    assert_eq!(storage.remove_events(shop, at(5), 3).await.unwrap(), 3);

    // The number is free, too, once the rows are gone.
    storage.erase_customer(shop, again, stamp(0)).await.unwrap().unwrap();
    let number = NewCustomer { id: Some(customer), ..crate::fixture::customer("new@example.com") };
    assert_eq!(create_customer(&storage, shop, number).await, customer);
    assert_eq!(
        storage.count_tickets(shop, hexdesk_domain::TicketFilter::default(), u64::MAX).await.unwrap(),
        0
    );
    assert_eq!(count(&copy, "SELECT count(*) FROM erasures"), 0);
}

#[tokio::test]
async fn a_restored_backup_finishes_the_erasure() {
    let desk = Desk::with_tickets(HALF).await;
    let backup = half_erased(&desk).await;
    let restored = desk.directory.path().join("restored.db");
    restore(&backup, &restored, false, at(1)).unwrap();
    // Two servers start on it at once.
    let servers = [SqliteStorage::open(&restored).unwrap(), SqliteStorage::open(&restored).unwrap()];
    for server in &servers {
        server.migrate().await.unwrap();
    }
    await_end(&restored).await;
    let [server, _] = &servers;
    let log = log(server, &desk).await;
    // Each deletion is logged once, with the stamp of the erasure.
    for (kind, expected) in [
        (EventKind::TicketDeleted, desk.tickets),
        (EventKind::CommentDeleted, desk.tickets),
        (EventKind::CustomerErased, 1),
    ] {
        let deletions = log.iter().filter(|event| event.kind == kind && event.stamp == ERASED);
        let mut subjects: Vec<i64> = deletions.map(|event| event.subject.number()).collect();
        subjects.sort_unstable();
        let expected: Vec<i64> =
            if expected > 1 { (1..=expected).collect() } else { vec![desk.customer.get()] };
        assert_eq!(subjects, expected, "{kind:?}");
    }
    assert!(log.iter().all(|event| event.snapshot.is_none()));
    drop(servers);
    assert_nothing_is_left(&restored, &desk);
}
