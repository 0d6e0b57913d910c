//! A shop with a customer and tickets, and what the file holds.

use std::collections::{BTreeMap, BTreeSet};

use hexdesk_domain::ports::{CommentCreation, CreateCustomerOutcome, CreateShopOutcome, TicketCreation};
use hexdesk_domain::{
    Actor, AuditStamp, CommentDraft, CommentId, Customer, CustomerDraft, CustomerStore, Fingerprint,
    IdempotencyClaim, IdempotencyKey, IdempotencyRequest, IdempotentOutcome, PageSize, Receipt, Shop,
    ShopDomain, ShopStore, TicketDraft, TicketFilter, TicketId, TicketStore, Timestamp,
};
use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, TableHandle, Value};

use crate::RedbStorage;
use crate::tables::{ID_RANGE_ENDS, META, SHOP_BY_DOMAIN, each_table_of_shops};

/// Returns the stamp of a change by the operator at this time.
pub(super) fn stamp(time: Timestamp) -> AuditStamp {
    AuditStamp { actor: Actor::Operator, time, request_id: None }
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_777_334_400_000).unwrap()
}

pub(super) fn id(number: i64) -> TicketId {
    TicketId::new(number).unwrap()
}

pub(super) fn domain() -> ShopDomain {
    ShopDomain::parse("shop.example.com").unwrap()
}

pub(super) async fn create_shop(storage: &RedbStorage) -> Shop {
    match storage.create_shop(&domain(), now()).await.unwrap() {
        CreateShopOutcome::Created(shop) | CreateShopOutcome::AlreadyExists(shop) => shop,
    }
}

/// The address of the customer that [`create_customer`] creates.
pub(super) const EMAIL: &str = "ada@example.com";

pub(super) async fn create_customer(storage: &RedbStorage) -> Customer {
    create_customer_of(storage, EMAIL).await
}

pub(super) async fn create_another_customer(storage: &RedbStorage) -> Customer {
    create_customer_of(storage, "grace@example.com").await
}

async fn create_customer_of(storage: &RedbStorage, email: &str) -> Customer {
    let shop = create_shop(storage).await;
    let draft = CustomerDraft { email: Some(email.into()), ..CustomerDraft::default() };
    let new = draft.into_new(stamp(now())).unwrap();
    match storage.create_customer(shop.id, new, None).await.unwrap() {
        IdempotentOutcome::Ran(
            CreateCustomerOutcome::Created(customer) | CreateCustomerOutcome::Existing(customer),
        ) => customer,
        other => unreachable!("the request has no number and no key: {other:?}"),
    }
}

/// Returns an open ticket with its own idempotency key. Its creation writes to every table of
/// tickets.
pub(super) fn creation(customer: &Customer, number: i64) -> TicketCreation {
    let draft = TicketDraft {
        customer_id: Some(customer.id),
        channel: Some("Mail".into()),
        is_opened: true,
        ..TicketDraft::default()
    };
    let ticket = draft.into_ticket(id(number), customer.shop_id, now()).unwrap();
    let request = IdempotencyRequest {
        operation: "create_ticket".into(),
        key: IdempotencyKey::parse(&format!("key-{number}")).unwrap(),
        fingerprint: Fingerprint([7; 32]),
    };
    let claim = IdempotencyClaim {
        request,
        receipt: Receipt { response: vec![1, 2, 3], customer_id: Some(customer.id) },
    };
    TicketCreation { ticket, stamp: stamp(now()), idempotency: Some(claim) }
}

/// Returns a comment by the customer on one of the tickets, written a second later, without an
/// idempotency key.
pub(super) fn comment(customer: &Customer, ticket: i64, number: i64) -> CommentCreation {
    let draft = CommentDraft {
        text: Some(format!("comment {number}")),
        time: Some(now().saturating_add_millis(1_000)),
        is_from_shop: Some(false),
        ..CommentDraft::default()
    };
    let comment_id = CommentId::new(number).unwrap();
    let comment = draft.into_new(comment_id, customer.shop_id, id(ticket), None, now()).unwrap();
    CommentCreation { comment, stamp: stamp(now()), expected_version: None, claim: None }
}

/// Whether the ticket exists. Fails if it exists without its human ticket or its entry in the
/// list, or if they exist without it.
pub(super) async fn is_there(storage: &RedbStorage, customer: &Customer, number: i64) -> bool {
    let found = storage.find_ticket(customer.shop_id, id(number)).await.unwrap();
    assert!(found.as_ref().is_none_or(|view| view.human_ticket.is_some()), "the ticket has no human ticket");
    let all =
        storage.list_tickets(customer.shop_id, TicketFilter::default(), None, PageSize::MAX).await.unwrap();
    let listed = all.entries.into_iter().find(|view| view.ticket.id == id(number));
    assert_eq!(listed, found, "the list differs");
    found.is_some()
}

/// The rows of a table, as bytes.
type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// The rows of every table, by its name.
pub(super) async fn all_rows(storage: &RedbStorage) -> BTreeMap<String, Rows> {
    fn rows<K: Key + 'static, V: Value + 'static>(
        transaction: &ReadTransaction,
        table: TableDefinition<'static, K, V>,
    ) -> anyhow::Result<(String, Rows)> {
        let mut rows = Vec::new();
        for row in transaction.open_table(table)?.iter()? {
            let (key, value) = row?;
            let key = K::as_bytes(&key.value()).as_ref().to_vec();
            rows.push((key, V::as_bytes(&value.value()).as_ref().to_vec()));
        }
        Ok((table.name().to_owned(), rows))
    }
    let read = |transaction: &ReadTransaction| {
        let mut tables = BTreeMap::from([
            rows(transaction, META)?,
            rows(transaction, SHOP_BY_DOMAIN)?,
            rows(transaction, ID_RANGE_ENDS)?,
        ]);
        each_table_of_shops!(|table| tables.extend([rows(transaction, table)?]));
        let names: BTreeSet<_> = transaction.list_tables()?.map(|table| table.name().to_owned()).collect();
        assert_eq!(tables.keys().cloned().collect::<BTreeSet<_>>(), names);
        Ok(tables)
    };
    storage.read("all_rows", read).await.unwrap()
}
