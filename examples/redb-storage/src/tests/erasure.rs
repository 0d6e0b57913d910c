//! No table holds data of an erased customer.

use std::collections::BTreeSet;

use hexdesk_domain::ports::Erased;
use hexdesk_domain::{CommentStore, CustomerStore, TicketStore};
use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, TableHandle, Value};

use super::samples::{EMAIL, comment, create_another_customer, create_customer, creation, id, now, stamp};
use super::test_disk::TestDisk;
use crate::RedbStorage;
use crate::tables;

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
async fn tables_with(storage: &RedbStorage, text: &'static str) -> Vec<String> {
    let search = move |transaction: &ReadTransaction| {
        let (mut searched, mut found) = (BTreeSet::new(), Vec::new());
        macro_rules! search {
            ($($table:ident)*) => {$(
                searched.insert(tables::$table.name().to_owned());
                if has(transaction, tables::$table, text)? {
                    found.push(tables::$table.name().to_owned());
                }
            )*};
        }
        search! {
            API_KEYS ATTEMPTS COMMENT_IDS COMMENTS CREDENTIALS CUSTOMER_BY_EMAIL CUSTOMERS
            CUSTOMERS_BY_PHONE_NUMBER DELIVERIES EVENTS HUMAN_TICKET_BY_TICKET HUMAN_TICKETS HUMAN_TICKETS_BY_CLOSING
            ID_RANGE_ENDS IDEMPOTENCY_RECORDS LARGEST_ERASED_CUSTOMER LAST_CHANGES LOG_BEGINNINGS MERGED_CUSTOMERS META
            SAVED_REPLIES SESSIONS SESSIONS_BY_USER SHOP_BY_DOMAIN SHOPS TICKETS TICKETS_BY_ACTIVITY USER_BY_EMAIL
            USER_BY_LINK USERS WEBHOOKS
        }
        let all: BTreeSet<_> = transaction.list_tables()?.map(|table| table.name().to_owned()).collect();
        assert_eq!(searched, all);
        Ok(found)
    };
    storage.read("search", search).await.unwrap()
}

fn has<K: Key + 'static, V: Value + 'static>(
    transaction: &ReadTransaction,
    table: TableDefinition<'static, K, V>,
    text: &str,
) -> anyhow::Result<bool> {
    let is_in = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    for entry in transaction.open_table(table)?.iter()? {
        let (key, value) = entry?;
        if is_in(K::as_bytes(&key.value()).as_ref()) || is_in(V::as_bytes(&value.value()).as_ref()) {
            return Ok(true);
        }
    }
    Ok(false)
}
