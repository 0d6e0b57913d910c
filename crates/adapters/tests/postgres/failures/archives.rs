//! Archives that take long, and loads that are interrupted.

use std::time::Duration;

use hexdesk_domain::ports::{BeginLoadOutcome, LoadEntriesOutcome};
use hexdesk_domain::{ArchiveStore, PageSize, ShopDomain, ShopId};

use super::fixture::Fixture;

const PAGE: PageSize = PageSize::of(500);

#[tokio::test]
async fn a_reader_may_pause_for_longer_than_a_transaction_may_be_idle() {
    let fixture =
        Fixture::with_options("-c idle_in_transaction_session_timeout=50ms -c statement_timeout=50ms").await;
    let mut reader = fixture.storage.read_archive(fixture.shop).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let counted = reader.count_entries().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(reader.next_entries(PAGE).await.unwrap().len(), 1);
    assert_eq!(reader.next_entries(PAGE).await.unwrap().len() as u64, counted - 1);
}

#[tokio::test]
async fn a_dropped_reader_frees_its_connection() {
    let fixture = Fixture::new().await;
    let sessions = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'hexdesk'";
    let before = fixture.count(sessions).await;
    let reader = fixture.storage.read_archive(fixture.shop).await.unwrap();
    assert_eq!(fixture.count(sessions).await, before + 1);
    drop(reader);
    while fixture.count(sessions).await > before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_interrupted_discard_goes_on() {
    let fixture = Fixture::new().await;
    let (storage, shop) = (&fixture.storage, ShopId::new(900).unwrap());
    let mut archived = storage.read_archive(fixture.shop).await.unwrap().unwrap().shop().clone();
    archived.shop.id = shop;
    archived.shop.domain = ShopDomain::parse("loaded.example").unwrap();
    assert_eq!(storage.begin_load(archived.clone()).await.unwrap(), BeginLoadOutcome::Loading(0));
    fixture.other_does("UPDATE shop_loads SET entries = -1").await;
    assert_eq!(storage.find_load(shop).await.unwrap(), Some(0));
    let begun = storage.begin_load(archived.clone()).await.unwrap();
    assert!(matches!(begun, BeginLoadOutcome::Taken(_)), "{begun:?}");
    let outcome = storage.load_entries(shop, 0, Vec::new()).await.unwrap();
    assert_eq!(outcome, LoadEntriesOutcome::Stale);
    assert!(!storage.finish_load(shop).await.unwrap());
    assert!(storage.discard_load(shop).await.unwrap());
    assert_eq!(storage.begin_load(archived).await.unwrap(), BeginLoadOutcome::Loading(0));
}
