//! A shop with a customer, and tickets of theirs.

use hexdesk_domain::ports::{CommentCreation, CreateCustomerOutcome, CreateShopOutcome, TicketCreation};
use hexdesk_domain::{
    Actor, AuditStamp, CommentId, Customer, CustomerStore, ExternalIds, Fingerprint, IdempotencyClaim,
    IdempotencyKey, IdempotencyRequest, IdempotentOutcome, NewComment, NewCustomer, Receipt, Shop,
    ShopDomain, ShopStore, Ticket, TicketFilter, TicketId, TicketStore, Timestamp,
};

use crate::RedbStorage;

/// The operator's making a change at this time.
pub(super) fn stamp(time: Timestamp) -> AuditStamp {
    AuditStamp { actor: Actor::Operator, time }
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

/// Of the customer whom [`create_customer`] creates.
pub(super) const EMAIL: &str = "ada@example.com";

pub(super) async fn create_customer(storage: &RedbStorage) -> Customer {
    create_customer_of(storage, EMAIL).await
}

pub(super) async fn create_another_customer(storage: &RedbStorage) -> Customer {
    create_customer_of(storage, "grace@example.com").await
}

async fn create_customer_of(storage: &RedbStorage, email: &str) -> Customer {
    let shop = create_shop(storage).await;
    let new = NewCustomer {
        id: None,
        email: Some(email.into()),
        phone_number: None,
        first_name: None,
        last_name: None,
        full_name: None,
        external_ids: ExternalIds::default(),
        stamp: stamp(now()),
    };
    match storage.create_customer(shop.id, new, None).await.unwrap() {
        IdempotentOutcome::Ran(
            CreateCustomerOutcome::Created(customer) | CreateCustomerOutcome::Existing(customer),
        ) => customer,
        other => unreachable!("neither a number was asked for nor a key named: {other:?}"),
    }
}

/// An open ticket with an idempotency key of its own, so that its creation writes to every
/// table of tickets.
pub(super) fn creation(customer: &Customer, number: i64) -> TicketCreation {
    let ticket = Ticket {
        id: id(number),
        shop_id: customer.shop_id,
        customer_id: customer.id,
        channel: "Mail".into(),
        name: None,
        thread_id: None,
        email_used: None,
        date: now(),
        last_message: None,
        last_message_time: now(),
        contact_reason: None,
        assigned_to: None,
        is_opened: true,
        unread_count: 0,
        tags: Vec::new(),
        language_code: None,
        via: None,
        version: 1,
    };
    let request = IdempotencyRequest {
        operation: "create_ticket".into(),
        key: IdempotencyKey::parse(&format!("key-{number}")).unwrap(),
        fingerprint: Fingerprint([7; 32]),
    };
    let claim = IdempotencyClaim {
        request,
        receipt: Receipt { answer: vec![1, 2, 3], customer_id: Some(customer.id) },
    };
    TicketCreation { ticket, stamp: stamp(now()), idempotency: Some(claim) }
}

/// A comment of the customer's on a ticket of theirs, a second after it, without an
/// idempotency key.
pub(super) fn comment(customer: &Customer, ticket: i64, number: i64) -> CommentCreation {
    let comment = NewComment {
        id: CommentId::new(number).unwrap(),
        shop_id: customer.shop_id,
        ticket_id: id(ticket),
        text: format!("comment {number}"),
        time: now().saturating_add_millis(1_000),
        channel: None,
        is_from_shop: false,
        author_id: None,
        subject: None,
        from_email: None,
        to_emails: Vec::new(),
        attachments: None,
        tags: Vec::new(),
    };
    CommentCreation { comment, stamp: stamp(now()), once: None }
}

/// Whether the ticket is there; fails unless its human ticket is there just then, too, and
/// the list has it.
pub(super) async fn is_there(storage: &RedbStorage, customer: &Customer, number: i64) -> bool {
    let found = storage.find_ticket(customer.shop_id, id(number)).await.unwrap();
    assert!(found.as_ref().is_none_or(|view| view.human_ticket.is_some()), "a ticket half written");
    let all = storage.list_tickets(customer.shop_id, TicketFilter::default(), None, u32::MAX).await.unwrap();
    let listed = all.entries.into_iter().find(|view| view.ticket.id == id(number));
    assert_eq!(listed, found, "the list differs");
    found.is_some()
}
