//! Whose data a receipt holds, which no method reads yet, is kept with it: who erases a
//! customer has to find the receipts.

use hexdesk_domain::TicketStore;
use redb::ReadableTable;

use super::samples::{create_customer, creation};
use super::test_disk::TestDisk;
use crate::tables::IDEMPOTENCY_RECORDS;

#[tokio::test]
async fn a_receipt_says_whose_data_it_holds() {
    let storage = TestDisk::default().open();
    let customer = create_customer(&storage).await;
    let of_someone = creation(&customer, 1);
    let mut of_nobody = creation(&customer, 2);
    of_nobody.idempotency.as_mut().unwrap().receipt.customer_id = None;
    storage.create_tickets(vec![of_someone, of_nobody]).await.unwrap();

    let read = |transaction: &redb::ReadTransaction| {
        let records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
        let owners = records.iter()?.map(|entry| Ok(entry?.1.value().2));
        owners.collect::<anyhow::Result<Vec<_>>>()
    };
    assert_eq!(storage.read("read", read).await.unwrap(), [Some(customer.id.get()), None]);
}
