//! Stored values that this adapter did not write are errors and are never repaired.

use hexdesk_domain::{
    CustomerStore, EventStore, PageSize, ShopStore, StorageErrorKind, TicketFilter, TicketStore,
};

use super::samples::{create_customer, creation, domain, id};
use super::test_disk::TestDisk;
use crate::tables::{CUSTOMERS, EVENTS, SHOPS, TICKETS};

#[tokio::test]
async fn an_undecodable_value_is_an_error() {
    let storage = TestDisk::default().open();
    let customer = create_customer(&storage).await;
    let nobody = r#""email":null,"phone_number":null,"first_name":null,"last_name":null,"full_name":null,"external_ids":{},"number_of_orders":0"#;
    for value in [
        String::new(),
        "no JSON".into(),
        format!("{{{nobody}}}"),
        format!(r#"{{{nobody},"created_at":"yesterday"}}"#),
        format!(r#"{{{nobody},"created_at":253402300800000}}"#),
        format!(r#"{{{nobody},"created_at":0,"fax":"1"}}"#),
    ] {
        let (shop, id) = (customer.shop_id, customer.id);
        let stored = value.clone();
        let put = move |transaction: &redb::WriteTransaction| {
            transaction.open_table(CUSTOMERS)?.insert((shop.get(), id.get()), stored.as_bytes())?;
            Ok(())
        };
        storage.write("put", put).await.unwrap();
        let error = storage.find_customer(shop, id).await.expect_err(&value);
        assert_eq!(error.kind, StorageErrorKind::Unexpected, "{error}");
        assert!(error.to_string().starts_with("find_customer: a stored "), "{error}");
    }
}

#[tokio::test]
async fn an_undecodable_event_is_an_error() {
    let storage = TestDisk::default().open();
    let shop = create_customer(&storage).await.shop_id;
    let done = r#"{"kind":"customer.created","subject":1}"#;
    for (done, snapshot) in [
        ("no JSON", None),
        (r#"{"kind":"customer.eaten","subject":1}"#, None),
        (r#"{"kind":"customer.created","subject":0}"#, None),
        (r#"{"kind":"customer.created","subject":1,"api_key":0}"#, None),
        (done, Some("no JSON")),
        (done, Some("{}")),
    ] {
        let put = move |transaction: &redb::WriteTransaction| {
            let value = (0, done.as_bytes(), None, snapshot.map(str::as_bytes));
            transaction.open_table(EVENTS)?.insert((shop.get(), 1, 0), value)?;
            Ok(())
        };
        storage.write("put", put).await.unwrap();
        let error =
            storage.list_events(shop, Default::default(), None, PageSize::of(1)).await.expect_err(done);
        assert_eq!(error.kind, StorageErrorKind::Unexpected, "{error}");
        assert!(error.to_string().starts_with("list_events: a stored "), "{error}");
    }
}

#[tokio::test]
async fn an_index_entry_without_a_target_is_an_error() {
    let storage = TestDisk::default().open();
    let customer = create_customer(&storage).await;
    let shop = customer.shop_id.get();
    let remove = move |transaction: &redb::WriteTransaction| {
        transaction.open_table(SHOPS)?.remove(shop)?;
        Ok(())
    };
    storage.write("remove", remove).await.unwrap();
    let error = storage.find_shop(&domain()).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unexpected);
    assert_eq!(error.to_string(), "find_shop: an indexed shop is missing");
}

#[tokio::test]
async fn a_list_with_a_missing_ticket_is_an_error() {
    let storage = TestDisk::default().open();
    let customer = create_customer(&storage).await;
    storage.create_tickets(vec![creation(&customer, 1), creation(&customer, 2)]).await.unwrap();
    let key = (customer.shop_id.get(), id(1).get());
    let remove = move |transaction: &redb::WriteTransaction| {
        transaction.open_table(TICKETS)?.remove(key)?;
        Ok(())
    };
    storage.write("remove", remove).await.unwrap();
    let filter = TicketFilter::default();
    let error =
        storage.list_tickets(customer.shop_id, filter.clone(), None, PageSize::of(2)).await.unwrap_err();
    assert_eq!(error.to_string(), "list_tickets: an indexed ticket is missing");
    let error = storage.count_tickets(customer.shop_id, filter, u64::MAX).await.unwrap_err();
    assert_eq!(error.to_string(), "count_tickets: an indexed ticket is missing");
}
