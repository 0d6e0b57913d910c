//! A SQLite database for one test, with a shop and a customer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

use std::path::PathBuf;

use hexdesk_adapters::{SqliteOptions, SqliteStorage};
use hexdesk_domain::ports::{CreateCustomerOutcome, CreateShopOutcome, TicketCreation};
use hexdesk_domain::{
    Actor, AuditStamp, CommentId, CustomerId, CustomerStore, ExternalIds, IdempotentOutcome, NewComment,
    NewCustomer, ShopDomain, ShopId, ShopStore, TicketDraft, TicketId, Timestamp,
};
use tempfile::TempDir;

pub(crate) struct Fixture {
    pub(crate) directory: TempDir,
    pub(crate) storage: SqliteStorage,
    pub(crate) shop: ShopId,
    pub(crate) customer: CustomerId,
}

impl Fixture {
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("hexdesk.db")
    }
}

pub(crate) async fn fixture() -> Fixture {
    fixture_with(&SqliteOptions::default()).await
}

pub(crate) async fn fixture_with(options: &SqliteOptions) -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open_with(&directory.path().join("hexdesk.db"), options).unwrap();
    assert!(!storage.migrate().await.unwrap().is_empty());
    let domain = ShopDomain::parse("a.example").unwrap();
    let CreateShopOutcome::Created(shop) = storage.create_shop(&domain, at(0)).await.unwrap() else {
        panic!("the shop already exists");
    };
    let attempt = storage.create_customer(shop.id, customer("ann@example.com"), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) = attempt else {
        panic!("the customer already exists");
    };
    Fixture { directory, storage, shop: shop.id, customer: customer.id }
}

/// A point in time, in milliseconds after the start of a test.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000 + millis).unwrap()
}

/// A change by the operator at `at(millis)`.
pub(crate) fn stamp(millis: i64) -> AuditStamp {
    AuditStamp { actor: Actor::Operator, time: at(millis), request_id: None }
}

/// A customer with an e-mail address only.
pub(crate) fn customer(email: &str) -> NewCustomer {
    NewCustomer {
        id: None,
        email: Some(email.to_owned()),
        phone_number: None,
        first_name: None,
        last_name: None,
        full_name: None,
        external_ids: ExternalIds::default(),
        stamp: stamp(0),
    }
}

/// An open ticket created at `at(id)`.
pub(crate) fn ticket(shop_id: ShopId, customer_id: CustomerId, id: i64) -> TicketCreation {
    let draft = TicketDraft {
        customer_id: Some(customer_id),
        channel: Some("Mail".to_owned()),
        is_opened: true,
        tags: Some(vec!["b".to_owned(), "a".to_owned()]),
        ..TicketDraft::default()
    };
    let ticket = draft.into_ticket(TicketId::new(id).unwrap(), shop_id, at(id)).unwrap();
    TicketCreation { ticket, stamp: stamp(id), idempotency: None }
}

/// A comment by the customer, written at `at(id)`.
pub(crate) fn comment(shop_id: ShopId, ticket: i64, id: i64) -> NewComment {
    NewComment {
        id: CommentId::new(id).unwrap(),
        shop_id,
        ticket_id: TicketId::new(ticket).unwrap(),
        text: format!("Comment {id}"),
        time: at(id),
        channel: None,
        is_from_shop: false,
        is_note: false,
        author_id: None,
        subject: None,
        from_email: None,
        to_emails: Vec::new(),
        attachments: None,
        tags: Vec::new(),
    }
}
