//! Databases that are copies, restored backups or promoted standbys. They lack events that readers of
//! the original have seen.

use hexdesk_adapters::PostgresStorage;
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{CustomerDraft, CustomerStore, Event, IdempotentOutcome, ShopId, StorageErrorKind};
use hexdesk_test_postgres::{Cluster, TestDatabase, cluster};

use super::fixture::{Fixture, events, kind, now, stamp};
use crate::database;

/// Creates a customer, which is one event.
async fn write(storage: &PostgresStorage, shop: ShopId, phone_number: &str) {
    let draft = CustomerDraft { phone_number: Some(phone_number.into()), ..CustomerDraft::default() };
    let created = storage.create_customer(shop, draft.into_new(stamp(now())).unwrap(), None).await.unwrap();
    assert!(matches!(created, IdempotentOutcome::Ran(CreateCustomerOutcome::Created(_))), "{created:?}");
}

/// A shop with two events.
async fn original(database: TestDatabase) -> (Fixture, Vec<Event>) {
    let fixture = Fixture::on(database, "", 1).await;
    write(&fixture.storage, fixture.shop, "1").await;
    let backed_up = events(&fixture.storage, fixture.shop, None).await;
    assert_eq!(backed_up.len(), 2);
    (fixture, backed_up)
}

/// Writes events that the copy lacks, and returns all events.
async fn lose(fixture: &Fixture) -> Vec<Event> {
    for phone_number in ["21", "22", "23"] {
        write(&fixture.storage, fixture.shop, phone_number).await;
    }
    let all = events(&fixture.storage, fixture.shop, None).await;
    assert_eq!(all.len(), 5);
    all
}

/// Every reader of the original gets exactly the new events of the copy, once each.
async fn continues(copy: &PostgresStorage, shop: ShopId, kept: &[Event], seen: &[Event]) {
    assert_eq!(events(copy, shop, None).await, kept);
    write(copy, shop, "31").await;
    write(copy, shop, "32").await;
    let new = events(copy, shop, kept.last().map(|event| event.position)).await;
    assert_eq!(new.len(), 2);
    for event in seen {
        let after = events(copy, shop, Some(event.position)).await;
        assert!(after.ends_with(&new), "a reader of {:?} gets {after:?}", event.position);
        if !kept.contains(event) {
            assert_eq!(after, new, "a reader of {:?}", event.position);
        }
    }
}

fn counters(database: &TestDatabase) -> String {
    database.psql("SELECT shop_id, changes FROM shop_counters")
}

/// Copies the contents, and follows both databases.
async fn copy_and_continue(fixture: Fixture, kept: Vec<Event>, copy: &TestDatabase) {
    fixture.database.copy_into(copy);
    let seen = lose(&fixture).await;
    let storage = PostgresStorage::connect(&copy.url).await.unwrap();
    continues(&storage, fixture.shop, &kept, &seen).await;

    // It is a database like any other from here on.
    let before = counters(copy);
    PostgresStorage::connect(&copy.url).await.unwrap().migrate().await.unwrap();
    assert_eq!(counters(copy), before);
}

#[tokio::test]
async fn a_dump_restored_on_the_same_server_continues_ahead_of_all_readers() {
    let (fixture, kept) = original(database::migrated_database()).await;
    let empty = cluster().empty_database();
    copy_and_continue(fixture, kept, &empty).await;
}

#[tokio::test]
async fn a_dump_restored_on_another_server_continues_ahead_of_all_readers() {
    let (fixture, kept) = original(database::migrated_database()).await;
    let server = Cluster::builder().start();
    let empty = server.empty_database();
    copy_and_continue(fixture, kept, &empty).await;
}

#[tokio::test]
async fn a_dump_restored_in_the_same_database_continues_ahead_of_all_readers() {
    let (fixture, kept) = original(database::migrated_database()).await;
    let copy = cluster().empty_database();
    fixture.database.copy_into(&copy);
    let seen = lose(&fixture).await;
    fixture.database.psql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    copy.copy_into(&fixture.database);
    let storage = PostgresStorage::connect(&fixture.database.url).await.unwrap();
    continues(&storage, fixture.shop, &kept, &seen).await;
}

#[tokio::test]
async fn a_restored_base_backup_continues_ahead_of_all_readers() {
    let server = Cluster::builder().start();
    let (fixture, kept) = original(database::migrated(&server)).await;
    let restored = server.restored_backup();
    let seen = lose(&fixture).await;
    let copy = restored.existing_database(&fixture.database.name);
    let storage = PostgresStorage::connect(&copy.url).await.unwrap();
    continues(&storage, fixture.shop, &kept, &seen).await;
}

#[tokio::test]
async fn a_promoted_standby_continues_ahead_of_all_readers() {
    let server = Cluster::builder().start();
    let (fixture, kept) = original(database::migrated(&server)).await;
    let standby = server.standby(server.port());
    let copy = standby.existing_database(&fixture.database.name);
    // This session outlives the promotion.
    let storage = PostgresStorage::connect(&copy.url).await.unwrap();
    assert_eq!(events(&storage, fixture.shop, None).await, kept);
    // The standby replicates nothing more.
    standby.psql("postgres", "ALTER SYSTEM SET primary_conninfo = ''");
    standby.psql("postgres", "SELECT pg_reload_conf()");
    while standby.psql("postgres", "SELECT count(*) FROM pg_stat_wal_receiver") != "0" {}
    let seen = lose(&fixture).await;
    standby.promote();

    // The session refuses to write, and is replaced.
    let draft = CustomerDraft { phone_number: Some("refused".into()), ..CustomerDraft::default() };
    let refused = storage.create_customer(fixture.shop, draft.into_new(stamp(now())).unwrap(), None).await;
    assert_eq!(kind(refused), StorageErrorKind::Unavailable);
    continues(&storage, fixture.shop, &kept, &seen).await;
}

#[tokio::test]
async fn a_database_that_was_not_moved_keeps_its_counters() {
    let (fixture, _) = original(database::migrated_database()).await;
    let before = counters(&fixture.database);
    PostgresStorage::connect(&fixture.database.url).await.unwrap().migrate().await.unwrap();
    assert_eq!(counters(&fixture.database), before);
}
