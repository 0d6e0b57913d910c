//! Archives of customers with much data.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_adapters::SqliteStorage;
use hexdesk_domain::ports::{BeginLoadOutcome, LoadEntriesOutcome};
use hexdesk_domain::{
    ArchiveEntry, ArchiveReader, ArchiveStore, ArchivedShop, CustomerStore, PageSize, ShopStore,
};

use super::customer_with_tickets::{Desk, ERASED, WORD, assert_nothing_is_left};
use super::half_erased::{HALF, half_erased};

async fn rest_of(reader: &mut dyn ArchiveReader) -> Vec<ArchiveEntry> {
    let mut entries = Vec::new();
    loop {
        let next = reader.next_entries(PageSize::of(500)).await.unwrap();
        if next.is_empty() {
            return entries;
        }
        entries.extend(next);
    }
}

async fn open(path: &Path) -> SqliteStorage {
    let storage = SqliteStorage::open(path).unwrap();
    storage.migrate().await.unwrap();
    storage
}

/// Reads the desk's shop, and loads it into another database.
async fn loaded(desk: &Desk, into: &SqliteStorage) -> ArchivedShop {
    let mut reader = desk.storage.read_archive(desk.shop).await.unwrap().unwrap();
    let archived = reader.shop().clone();
    assert_eq!(into.begin_load(archived.clone()).await.unwrap(), BeginLoadOutcome::Loading(0));
    let entries = rest_of(&mut *reader).await;
    let outcome = into.load_entries(desk.shop, 0, entries).await.unwrap();
    assert_eq!(outcome, LoadEntriesOutcome::Loaded);
    archived
}

#[tokio::test]
async fn a_loaded_customer_is_erased_with_the_events_of_deleted_tickets() {
    let desk = Desk::with_tickets(20).await;
    let path = desk.directory.path().join("loaded.db");
    let storage = open(&path).await;
    loaded(&desk, &storage).await;
    assert!(storage.finish_load(desk.shop).await.unwrap());
    let erased = storage.erase_customer(desk.shop, desk.customer, ERASED).await.unwrap();
    assert_eq!(erased, Some(desk.expected()));
    drop(storage);
    assert_nothing_is_left(&path, &desk);
}

#[tokio::test]
async fn an_archive_has_nothing_of_a_hidden_customer() {
    let desk = Desk::with_tickets(HALF).await;
    let copy = half_erased(&desk).await;
    // Nobody continues the erasure of a storage that is not migrated.
    let storage = SqliteStorage::open(&copy).unwrap();
    let mut reader = storage.read_archive(desk.shop).await.unwrap().unwrap();
    let counted = reader.count_entries().await.unwrap();
    let entries = rest_of(&mut *reader).await;
    assert_eq!(entries.len() as u64, counted);
    assert!(entries.iter().all(|entry| matches!(entry, ArchiveEntry::Event(_))));
    assert!(!format!("{entries:?}").contains(WORD));
}

#[tokio::test]
async fn a_reader_outlives_its_storage() {
    let Desk { storage, directory: _directory, shop, .. } = Desk::with_tickets(200).await;
    let mut reader = storage.read_archive(shop).await.unwrap().unwrap();
    drop(storage);
    let counted = reader.count_entries().await.unwrap();
    assert_eq!(rest_of(&mut *reader).await.len() as u64, counted);
}

#[tokio::test]
async fn an_interrupted_discard_goes_on() {
    let desk = Desk::with_tickets(20).await;
    let path = desk.directory.path().join("loaded.db");
    let storage = open(&path).await;
    let archived = loaded(&desk, &storage).await;
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("UPDATE shop_loads SET entries = -1; DELETE FROM idempotency_records").unwrap();
    assert_eq!(storage.find_load(desk.shop).await.unwrap(), Some(0));
    let begun = storage.begin_load(archived.clone()).await.unwrap();
    assert!(matches!(begun, BeginLoadOutcome::Taken(_)), "{begun:?}");
    let outcome = storage.load_entries(desk.shop, 0, Vec::new()).await.unwrap();
    assert_eq!(outcome, LoadEntriesOutcome::Stale);
    assert!(!storage.finish_load(desk.shop).await.unwrap());
    assert!(storage.discard_load(desk.shop).await.unwrap());
    assert!(storage.list_shops().await.unwrap().is_empty());
    assert_eq!(storage.begin_load(archived).await.unwrap(), BeginLoadOutcome::Loading(0));
}
