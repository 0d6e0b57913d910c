//! A loaded shop has the rows of a written one, and a discarded one has none.

use hexdesk_domain::ports::{CustomerMerge, LoadEntriesOutcome, TicketUpdate};
use hexdesk_domain::{
    ArchiveEntry, ArchiveStore, CustomerDraft, CustomerStore, IdRangeStore, PageSize, RetentionStore, Shop,
    ShopId, ShopStore, TicketChanges, TicketStore,
};

use super::layout::write_samples;
use super::samples::{all_rows, create_another_customer, create_customer, creation, id, now, stamp};
use super::test_disk::TestDisk;
use crate::RedbStorage;

/// Adds to the samples what has other rows: a merged customer, a phone number, a closed ticket, a removed
/// event and reserved ids.
async fn write_shops(storage: &RedbStorage) -> Vec<Shop> {
    write_samples(storage).await;
    let (customer, other) = (create_customer(storage).await, create_another_customer(storage).await);
    storage.create_tickets(vec![creation(&customer, 2), creation(&other, 3)]).await.unwrap();
    let draft = CustomerDraft { phone_number: Some("+33 1".into()), ..CustomerDraft::default() };
    storage.create_customer(customer.shop_id, draft.into_new(stamp(now())).unwrap(), None).await.unwrap();
    let changes = TicketChanges { is_opened: Some(false), ..TicketChanges::default() };
    let update = TicketUpdate { changes, expected_version: None, stamp: stamp(now()) };
    storage.update_ticket(customer.shop_id, id(2), update, None).await.unwrap();
    let merge = CustomerMerge { from: other.id, into: customer.id, stamp: stamp(now()) };
    storage.merge_customers(customer.shop_id, merge, None).await.unwrap();
    storage.remove_events(customer.shop_id, now().saturating_add_millis(1), 2).await.unwrap();
    storage.reserve_id_range(now(), 1_000, None).await.unwrap();
    storage.list_shops().await.unwrap()
}

/// Loads a shop in pages of this size. Does not finish it.
async fn load(from: &RedbStorage, to: &RedbStorage, shop: ShopId, page: u32) -> Vec<ArchiveEntry> {
    let mut reader = from.read_archive(shop).await.unwrap().unwrap();
    to.begin_load(reader.shop().clone()).await.unwrap();
    let mut all = Vec::new();
    loop {
        let entries = reader.next_entries(PageSize::of(page)).await.unwrap();
        if entries.is_empty() {
            return all;
        }
        let loaded = to.load_entries(shop, all.len() as u64, entries.clone()).await.unwrap();
        assert_eq!(loaded, LoadEntriesOutcome::Loaded);
        all.extend(entries);
    }
}

#[tokio::test]
async fn a_loaded_shop_has_the_rows_of_a_written_one() {
    let (from, to) = (TestDisk::default().open(), TestDisk::default().open());
    for shop in write_shops(&from).await {
        let entries = load(&from, &to, shop.id, 3).await;
        assert!(entries.is_sorted_by_key(ArchiveEntry::place));
        assert!(to.finish_load(shop.id).await.unwrap());
    }
    let (mut written, mut loaded) = (all_rows(&from).await, all_rows(&to).await);
    let unused: Vec<_> = written.iter().filter(|(_, rows)| rows.is_empty()).map(|(table, _)| table).collect();
    assert_eq!(
        unused,
        ["loads", "used_human_ticket_numbers", "used_user_numbers"],
        "the samples lack a table"
    );
    for tables in [&mut written, &mut loaded] {
        // A load notes the numbers that a written shop has in its rows.
        tables.retain(|table, _| !table.starts_with("used_"));
    }
    assert_eq!(loaded, written);
}

/// Fails unless the rows are the same before and afterwards. Ids stay reserved.
async fn load_and_discard(from: &RedbStorage, to: &RedbStorage, shop: ShopId) {
    let mut before = all_rows(to).await;
    load(from, to, shop, 100).await;
    assert!(to.discard_load(shop).await.unwrap());
    let mut after = all_rows(to).await;
    before.remove("id_range_ends");
    after.remove("id_range_ends");
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_discarded_shop_has_no_rows() {
    let (from, to) = (TestDisk::default().open(), TestDisk::default().open());
    let shops = write_shops(&from).await;
    load_and_discard(&from, &to, shops[0].id).await;
    load(&from, &to, shops[0].id, 100).await;
    to.finish_load(shops[0].id).await.unwrap();
    load_and_discard(&from, &to, shops[1].id).await;
}
