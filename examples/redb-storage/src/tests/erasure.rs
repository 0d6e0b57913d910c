//! No table holds data of an erased customer.

use hexdesk_domain::ports::Erased;
use hexdesk_domain::{CommentStore, CustomerStore, TicketStore};

use super::samples::{
    EMAIL, all_rows, comment, create_another_customer, create_customer, creation, id, now, stamp,
};
use super::test_disk::TestDisk;
use crate::RedbStorage;

#[tokio::test]
async fn no_table_holds_an_erased_customer() {
    let storage = TestDisk::default().open();
    let (customer, other) = (create_customer(&storage).await, create_another_customer(&storage).await);

    let mut written = creation(&customer, 1);
    written.ticket.email_used = Some(EMAIL.into());
    written.idempotency.as_mut().unwrap().receipt.response = EMAIL.into();
    storage.create_tickets(vec![written, creation(&other, 2)]).await.unwrap();
    let mut written = comment(&customer, 1, 1);
    written.comment.from_email = Some(EMAIL.into());
    storage.create_comments(vec![written, comment(&other, 2, 2)]).await.unwrap();
    assert_eq!(
        tables_with(&storage, EMAIL).await,
        ["comments", "customer_by_email", "customers", "events", "idempotency_records", "tickets"]
    );

    let erased = storage.erase_customer(customer.shop_id, customer.id, stamp(now())).await.unwrap();
    assert_eq!(erased, Some(Erased { tickets: 1, human_tickets: 1, comments: 1, idempotency_records: 1 }));
    assert_eq!(tables_with(&storage, EMAIL).await, [""; 0]);
    assert!(storage.find_ticket(other.shop_id, id(2)).await.unwrap().is_some());
    assert_eq!(storage.count_comments(other.shop_id, id(2)).await.unwrap(), Some(1));
}

/// The names of the tables with this text in a key or a value, in order.
async fn tables_with(storage: &RedbStorage, text: &str) -> Vec<String> {
    let is_in = |bytes: &Vec<u8>| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let mut tables = all_rows(storage).await;
    tables.retain(|_, rows| rows.iter().any(|(key, value)| is_in(key) || is_in(value)));
    tables.into_keys().collect()
}
