//! A customer with many tickets, to erase.

use std::path::Path;
use std::sync::Arc;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use hexdesk_adapters::SqliteStorage;
use hexdesk_domain::ports::{
    CommentCreation, CreateCustomerOutcome, CreateShopOutcome, Erased, TicketCreation,
};
use hexdesk_domain::{
    Actor, AuditStamp, CommentStore, CustomerId, CustomerStore, Fingerprint, IdempotencyClaim,
    IdempotencyKey, IdempotencyRequest, IdempotentOutcome, NewCustomer, Receipt, ShopDomain, ShopId,
    ShopStore, StorageError, TicketId, TicketStore, Timestamp,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::fixture::{at, comment, customer, fixture, stamp, ticket};

/// A word in every text of the customer, and in no other text.
pub(crate) const WORD: &str = "kumquat";

/// The author and time of the erasure.
pub(crate) const ERASED: AuditStamp =
    AuditStamp { actor: Actor::Operator, time: Timestamp::MAX, request_id: None };

/// A storage with two customers, of two shops. One is about to be erased.
pub(crate) struct Desk {
    pub(crate) directory: TempDir,
    pub(crate) storage: Arc<SqliteStorage>,
    pub(crate) shop: ShopId,
    /// The customer to erase. Its tickets have the ids from 1.
    pub(crate) customer: CustomerId,
    pub(crate) tickets: i64,
    pub(crate) other_shop: ShopId,
    pub(crate) other: CustomerId,
}

/// The details of the customer to erase.
pub(crate) fn details() -> NewCustomer {
    NewCustomer {
        phone_number: Some("555".to_owned()),
        full_name: Some(WORD.to_owned()),
        ..customer("Ada@example.com")
    }
}

pub(crate) async fn create_customer(storage: &SqliteStorage, shop: ShopId, new: NewCustomer) -> CustomerId {
    match storage.create_customer(shop, new, None).await.unwrap() {
        IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => customer.id,
        other => panic!("a customer was not created: {other:?}"),
    }
}

/// The request that created this ticket.
pub(crate) fn request(id: i64) -> IdempotencyRequest {
    IdempotencyRequest {
        operation: "create_ticket".to_owned(),
        key: IdempotencyKey::parse(&format!("key {id}")).unwrap(),
        fingerprint: Fingerprint([1; 32]),
    }
}

/// A ticket of the customer with a record of its request.
pub(crate) fn claimed(shop: ShopId, customer: CustomerId, id: i64) -> TicketCreation {
    let mut creation = ticket(shop, customer, id);
    creation.ticket.name = Some(format!("{WORD} order {id}"));
    let sentence = "the parcel has not arrived and the shop does not reply to any of our messages";
    creation.ticket.last_message = Some(format!("{sentence} {WORD} {id} {}", id * 7));
    let receipt = Receipt { response: WORD.into(), customer_id: Some(customer) };
    creation.idempotency = Some(IdempotencyClaim { request: request(id), receipt });
    creation
}

impl Desk {
    /// Creates a customer with this many tickets, each with a comment and an idempotency record. Of
    /// ten more tickets, only the events are left.
    pub(crate) async fn with_tickets(tickets: i64) -> Self {
        let fixture = fixture().await;
        let (storage, other_shop, other) = (fixture.storage, fixture.shop, fixture.customer);
        let domain = ShopDomain::parse("b.example").unwrap();
        let CreateShopOutcome::Created(shop) = storage.create_shop(&domain, at(0)).await.unwrap() else {
            panic!("the shop already exists");
        };
        let shop = shop.id;
        let customer = create_customer(&storage, shop, details()).await;
        let ids: Vec<i64> = (1..=tickets + 10).collect();
        for ids in ids.chunks(200) {
            let batch = ids.iter().map(|id| claimed(shop, customer, *id)).collect();
            storage.create_tickets(batch).await.unwrap();
            let comments = ids.iter().map(|id| CommentCreation {
                comment: hexdesk_domain::NewComment {
                    text: format!("{WORD} {id}"),
                    ..comment(shop, *id, *id)
                },
                stamp: stamp(*id),
                expected_version: None,
                claim: None,
            });
            storage.create_comments(comments.collect()).await.unwrap();
        }
        for id in tickets + 1..=tickets + 10 {
            storage.delete_ticket(shop, TicketId::new(id).unwrap(), None, stamp(id)).await.unwrap();
        }
        let storage = Arc::new(storage);
        Self { directory: fixture.directory, storage, shop, customer, tickets, other_shop, other }
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("hexdesk.db")
    }

    /// The numbers that the erasure returns.
    pub(crate) fn expected(&self) -> Erased {
        let tickets = u64::try_from(self.tickets).unwrap();
        Erased { tickets, human_tickets: tickets, comments: tickets, idempotency_records: tickets + 10 }
    }

    /// Begins to erase the customer.
    pub(crate) fn erase(&self) -> JoinHandle<Result<Option<Erased>, StorageError>> {
        let (storage, shop, customer) = (self.storage.clone(), self.shop, self.customer);
        tokio::spawn(async move { storage.erase_customer(shop, customer, ERASED).await })
    }

    /// Waits until the customer is no longer found.
    pub(crate) async fn await_disappearance(&self) {
        while self.storage.find_customer(self.shop, self.customer).await.unwrap().is_some() {}
    }
}

/// Asserts that a database holds nothing of the erased customer.
#[track_caller]
pub(crate) fn assert_nothing_is_left(path: &Path, desk: &Desk) {
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let tables: Vec<String> =
        sql::<Text>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
            .load(&mut connection)
            .unwrap();
    for table in tables {
        let columns: Vec<String> = sql::<Text>(&format!("SELECT name FROM pragma_table_xinfo('{table}')"))
            .load(&mut connection)
            .unwrap();
        let holds_word: Vec<String> = columns
            .iter()
            .map(|column| format!("instr(CAST({column} AS BLOB), CAST('{WORD}' AS BLOB))"))
            .collect();
        let mut conditions = vec![format!("coalesce({}, 0) > 0", holds_word.join(", 0) > 0 OR coalesce("))];
        if columns.iter().any(|column| column == "customer_id") {
            conditions.push(format!(
                "(shop_id, customer_id) = ({}, {})",
                desk.shop.get(),
                desk.customer.get()
            ));
        }
        let query = format!("SELECT count(*) FROM {table} WHERE {}", conditions.join(" OR "));
        let left: i64 = sql::<BigInt>(&query).get_result(&mut connection).unwrap();
        assert_eq!(left, 0, "{table}");
    }
    let check: String = sql::<Text>("PRAGMA integrity_check").get_result(&mut connection).unwrap();
    assert_eq!(check, "ok");
}
