//! The data that the cases store: plain values, and the extremes that the domain allows.
//! Some e-mail addresses for comparisons go beyond that, because `fold_email` accepts any text.

pub(crate) mod shop_with_tickets;
mod texts;
pub(crate) mod ticket_members;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{
    CommentCreation, CreateCommentOutcome, CreateCustomerOutcome, CreateKeyOutcome, CreateShopOutcome,
    CreateTicketOutcome, CreateUserOutcome, CustomerUpdate, KeyRotation, RotateKeyOutcome, TicketCreation,
    TicketUpdate, UpdateCustomerOutcome, UpdateTicketOutcome,
};
use hexdesk_domain::{
    Actor, ApiKey, AuditStamp, CommentId, CommentView, Customer, CustomerChanges, CustomerId, DeferredClaim,
    ExternalIds, Fingerprint, IdempotencyClaim, IdempotencyKey, IdempotencyRequest, IdempotentOutcome,
    KeyNumber, NewApiKey, NewComment, NewCustomer, NewUser, PageSize, Receipt, RequestId, Scope, SecretHash,
    Shop, ShopDomain, ShopId, Storage, Ticket, TicketChanges, TicketId, TicketView, Timestamp, User, UserId,
};

pub(crate) use self::texts::{
    ALIKE, ALIKE_ADDRESSES, EXTERNAL_IDS, Field, SAME_ADDRESSES, TRICKY_TEXTS, every_external_id,
    every_spelling, heavy_text_of, joined_alike, longest_email, longest_language_code, longest_operations,
    text_of,
};
pub(crate) use self::ticket_members::{filled_ticket, plain_ticket};
use crate::comparison::same;

/// 2026-01-05T10:00:00.123Z. The milliseconds are odd, so that a store that cuts or rounds them
/// fails.
const START_UNIX_MILLIS: i64 = 1_767_607_200_123;

/// The time this many milliseconds after an arbitrary start.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::MIN
        .saturating_add_millis(START_UNIX_MILLIS - Timestamp::MIN.unix_millis())
        .saturating_add_millis(millis)
}

/// The operator as actor, at this time.
pub(crate) fn stamp(time: Timestamp) -> AuditStamp {
    AuditStamp { actor: Actor::Operator, time, request_id: None }
}

/// Ids of requests with bytes that a text could not hold.
pub(crate) fn request_ids() -> [Option<RequestId>; 4] {
    let different = std::array::from_fn(|place| u8::try_from(place * 17).unwrap_or_default());
    let id = |bytes| Some(RequestId::from_bytes(bytes));
    [id([0; 16]), id([u8::MAX; 16]), id(different), None]
}

/// Times at the limits of the domain, of its precision and of the ranges of common databases.
pub(crate) fn extreme_times() -> Vec<Timestamp> {
    let unix = |millis: i64| at(millis - START_UNIX_MILLIS);
    vec![
        Timestamp::MIN,
        Timestamp::MIN.saturating_add_millis(1),
        // The change from the Julian to the Gregorian calendar.
        unix(-12_219_292_800_001),
        unix(-2_208_988_800_000),
        unix(-1_001),
        unix(-1),
        unix(0),
        unix(1),
        unix(i64::from(i32::MAX) * 1_000 + 1),
        unix(1_709_251_199_999),
        at(0),
        at(1),
        Timestamp::MAX.saturating_add_millis(-1),
        Timestamp::MAX,
    ]
}

pub(crate) fn domain(name: &str) -> anyhow::Result<ShopDomain> {
    ShopDomain::parse(name).with_context(|| format!("{name} as a domain"))
}

pub(crate) fn customer_id(number: i64) -> anyhow::Result<CustomerId> {
    CustomerId::new(number).with_context(|| format!("{number} as a customer's number"))
}

pub(crate) fn user_id(number: i64) -> anyhow::Result<UserId> {
    UserId::new(number).with_context(|| format!("{number} as a user's number"))
}

pub(crate) fn ticket_id(number: i64) -> anyhow::Result<TicketId> {
    TicketId::new(number).with_context(|| format!("{number} as a ticket's id"))
}

pub(crate) fn comment_id(number: i64) -> anyhow::Result<CommentId> {
    CommentId::new(number).with_context(|| format!("{number} as a comment's id"))
}

/// A customer with only this e-mail address.
pub(crate) fn customer_by_email(email: &str) -> NewCustomer {
    NewCustomer {
        id: None,
        email: Some(email.to_owned()),
        phone_number: None,
        first_name: None,
        last_name: None,
        full_name: None,
        external_ids: ExternalIds::default(),
        stamp: stamp(at(0)),
    }
}

/// A customer with only this phone number.
pub(crate) fn customer_by_phone_number(phone_number: &str) -> NewCustomer {
    NewCustomer { email: None, phone_number: Some(phone_number.to_owned()), ..customer_by_email("") }
}

/// A user with only this e-mail address.
pub(crate) fn user_by_email(email: &str) -> NewUser {
    NewUser {
        id: None,
        email: email.to_owned(),
        first_name: None,
        last_name: None,
        full_name: None,
        stamp: stamp(at(0)),
    }
}

/// A key with every scope and no expiry. `seed` determines its secret.
pub(crate) fn new_key(seed: u8) -> NewApiKey {
    NewApiKey {
        secret_hash: secret_hash(seed),
        scopes: Scope::ALL.iter().copied().collect::<BTreeSet<_>>(),
        user_id: None,
        stamp: stamp(at(0)),
        expires_at: None,
    }
}

/// A hash that differs for every seed. It contains zero bytes and high bytes.
pub(crate) fn secret_hash(seed: u8) -> SecretHash {
    let mut hash = [0; 32];
    for (byte, value) in hash.iter_mut().zip([0, 0xff, 0x80, seed].into_iter().cycle()) {
        *byte = value;
    }
    SecretHash(hash)
}

/// The creation of this ticket, without an idempotency key.
pub(crate) fn creation(ticket: Ticket) -> TicketCreation {
    TicketCreation { ticket, stamp: stamp(at(7)), idempotency: None }
}

/// The creation of this ticket with an idempotency key.
pub(crate) fn claimed(ticket: Ticket, mut claim: IdempotencyClaim) -> TicketCreation {
    // Half of the receipts contain the customer's data.
    claim.receipt.customer_id = (ticket.id.get() % 2 == 0).then_some(ticket.customer_id);
    TicketCreation { idempotency: Some(claim), ..creation(ticket) }
}

/// A claim of the operation `create_ticket`. Requests are equal if `request` is.
pub(crate) fn claim(key: &str, request: u8, receipt: &[u8]) -> anyhow::Result<IdempotencyClaim> {
    Ok(IdempotencyClaim {
        request: IdempotencyRequest {
            operation: "create_ticket".to_owned(),
            key: IdempotencyKey::parse(key).with_context(|| format!("{key:?} as an idempotency key"))?,
            fingerprint: Fingerprint(secret_hash(request).0),
        },
        receipt: Receipt { response: receipt.to_vec(), customer_id: None },
    })
}

/// A comment from the shop with only the required fields, one hour after the ticket's last message.
pub(crate) fn new_comment(id: i64, ticket: &Ticket) -> anyhow::Result<NewComment> {
    Ok(NewComment {
        id: comment_id(id)?,
        shop_id: ticket.shop_id,
        ticket_id: ticket.id,
        text: format!("comment {id}"),
        time: ticket.last_message_time.saturating_add_millis(3_600_000),
        channel: None,
        is_from_shop: true,
        is_note: false,
        author_id: None,
        subject: None,
        from_email: None,
        to_emails: Vec::new(),
        attachments: None,
        tags: Vec::new(),
    })
}

/// The creation of this comment, without an idempotency key. It is later than the times of the
/// samples, so that these are not in the future.
pub(crate) fn comment_creation(comment: NewComment) -> CommentCreation {
    CommentCreation { comment, stamp: stamp(at(100_000_000)), expected_version: None, claim: None }
}

/// A claim of the operation `create`, with this answer in its receipt for every outcome. Requests
/// are equal if `request` is.
pub(crate) fn deferred_claim<T>(key: &str, request: u8, answer: &[u8]) -> anyhow::Result<DeferredClaim<T>> {
    let mut claim = claim(key, request, answer)?;
    claim.request.operation = "create".to_owned();
    let receipt = claim.receipt;
    Ok(DeferredClaim {
        request: claim.request,
        requested_at: at(3),
        receipt: Arc::new(move |_| Some(receipt.clone())),
    })
}

/// Creates a single comment and returns the outcome.
pub(crate) async fn attempt_comment(
    storage: &dyn Storage,
    creation: CommentCreation,
) -> anyhow::Result<IdempotentOutcome<CreateCommentOutcome>> {
    let mut attempts = storage.create_comments(vec![creation]).await?;
    ensure!(attempts.len() == 1, "a batch of one returned {} attempts", attempts.len());
    attempts.pop().context("an attempt")
}

/// Creates a single comment, which must be accepted.
pub(crate) async fn create_comment(
    storage: &dyn Storage,
    creation: CommentCreation,
) -> anyhow::Result<CommentView> {
    match attempt_comment(storage, creation).await? {
        IdempotentOutcome::Ran(CreateCommentOutcome::Created(view)) => Ok(*view),
        other => anyhow::bail!("a new comment returned {other:?}"),
    }
}

/// Finds a comment in the list of its ticket.
pub(crate) async fn find_comment(
    storage: &dyn Storage,
    shop: ShopId,
    ticket: TicketId,
    id: CommentId,
) -> anyhow::Result<Option<CommentView>> {
    let mut after = None;
    loop {
        let Some(page) = storage.list_comments(shop, ticket, after, PageSize::MAX).await? else {
            return Ok(None);
        };
        if let Some(found) = page.entries.into_iter().find(|view| view.comment.id == id) {
            return Ok(Some(found));
        }
        after = page.next;
        if after.is_none() {
            return Ok(None);
        }
    }
}

/// An update of a customer.
pub(crate) fn customer_update(changes: CustomerChanges) -> CustomerUpdate {
    CustomerUpdate { changes, stamp: stamp(at(12)) }
}

/// An update without an expected version.
pub(crate) fn update(changes: TicketChanges) -> TicketUpdate {
    TicketUpdate { changes, expected_version: None, stamp: stamp(at(11)) }
}

/// Updates a ticket and returns the outcome.
pub(crate) async fn attempt_update(
    storage: &dyn Storage,
    shop: ShopId,
    id: TicketId,
    update: TicketUpdate,
) -> anyhow::Result<UpdateTicketOutcome> {
    match storage.update_ticket(shop, id, update, None).await? {
        IdempotentOutcome::Ran(outcome) => Ok(outcome),
        other => anyhow::bail!("an update without a key returned {other:?}"),
    }
}

/// Updates a ticket. It must exist and the update must be accepted.
pub(crate) async fn update_ticket(
    storage: &dyn Storage,
    shop: ShopId,
    id: TicketId,
    update: TicketUpdate,
) -> anyhow::Result<TicketView> {
    match attempt_update(storage, shop, id, update).await? {
        UpdateTicketOutcome::Updated(view) => Ok(*view),
        other => anyhow::bail!("an update returned {other:?}"),
    }
}

/// The shop's ticket with this id, which must exist.
pub(crate) async fn find_ticket(
    storage: &dyn Storage,
    shop: ShopId,
    id: TicketId,
) -> anyhow::Result<TicketView> {
    storage.find_ticket(shop, id).await?.with_context(|| format!("the ticket {id} is not found"))
}

/// Creates a shop, which must be new.
pub(crate) async fn create_shop(storage: &dyn Storage, name: &str) -> anyhow::Result<Shop> {
    match storage.create_shop(&domain(name)?, at(0)).await? {
        CreateShopOutcome::Created(shop) => Ok(shop),
        other => anyhow::bail!("the new shop {name} returned {other:?}"),
    }
}

/// Creates a customer, which must be new.
pub(crate) async fn create_customer(
    storage: &dyn Storage,
    shop: ShopId,
    new: NewCustomer,
) -> anyhow::Result<Customer> {
    match storage.create_customer(shop, new, None).await? {
        IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => Ok(customer),
        other => anyhow::bail!("a new customer returned {other:?}"),
    }
}

/// Creates a customer who may share ids with others. Only an update adds such ids: a creation would
/// return the other customer.
pub(crate) async fn create_customer_sharing_ids(
    storage: &dyn Storage,
    shop: ShopId,
    new: NewCustomer,
) -> anyhow::Result<Customer> {
    let ids = new.external_ids.clone();
    let new = NewCustomer { external_ids: ExternalIds::default(), ..new };
    let created = create_customer(storage, shop, new).await?;
    let changes = CustomerChanges {
        shopify_id: ids.shopify_id.map(Some),
        wordpress_id: ids.wordpress_id.map(Some),
        prestashop_id: ids.prestashop_id.map(Some),
        fb_user_id: ids.fb_user_id.map(Some),
        ig_user_id: ids.ig_user_id.map(Some),
        ig_pseudo: ids.ig_pseudo.map(Some),
        whatsapp_id: ids.whatsapp_id.map(Some),
        zendesk_id: ids.zendesk_id.map(Some),
        freshdesk_id: ids.freshdesk_id.map(Some),
        gmelius_id: ids.gmelius_id.map(Some),
        gorgias_id: ids.gorgias_id.map(Some),
        ..CustomerChanges::default()
    };
    match storage.update_customer(shop, created.id, customer_update(changes), None).await? {
        IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(customer)) => Ok(*customer),
        other => anyhow::bail!("an update of a new customer returned {other:?}"),
    }
}

/// Creates a user, which must be new.
pub(crate) async fn create_user(storage: &dyn Storage, shop: ShopId, new: NewUser) -> anyhow::Result<User> {
    match storage.create_user(shop, new, None).await? {
        IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) => Ok(user),
        other => anyhow::bail!("a new user returned {other:?}"),
    }
}

/// Creates a key, which must be accepted.
pub(crate) async fn create_key(
    storage: &dyn Storage,
    shop: ShopId,
    new: NewApiKey,
) -> anyhow::Result<ApiKey> {
    match storage.create_key(shop, new, None).await? {
        IdempotentOutcome::Ran(CreateKeyOutcome::Created(key)) => Ok(key),
        other => anyhow::bail!("a new key returned {other:?}"),
    }
}

/// Returns every key of the shop, read page by page.
pub(crate) async fn list_keys(storage: &dyn Storage, shop: ShopId) -> anyhow::Result<Vec<ApiKey>> {
    let mut keys = Vec::new();
    let mut after = None;
    // Far more pages than any case fills. A list that never ends is a failure.
    for _ in 0..100 {
        let page = storage.list_keys(shop, after, PageSize::MAX).await?;
        keys.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(keys);
        }
    }
    anyhow::bail!("the list of keys does not end")
}

/// Rotates a key and returns the outcome.
pub(crate) async fn rotate_key(
    storage: &dyn Storage,
    shop: ShopId,
    number: KeyNumber,
    rotation: KeyRotation,
) -> anyhow::Result<RotateKeyOutcome> {
    match storage.rotate_key(shop, number, rotation, None).await? {
        IdempotentOutcome::Ran(outcome) => Ok(outcome),
        other => anyhow::bail!("a rotation without a key returned {other:?}"),
    }
}

/// A rotation at this time to a new key without an expiry. `seed` determines its secret.
pub(crate) fn rotation(seed: u8, rotated_at: Timestamp, old_ends_at: Timestamp) -> KeyRotation {
    KeyRotation { secret_hash: secret_hash(seed), expires_at: None, stamp: stamp(rotated_at), old_ends_at }
}

/// Creates a single ticket and returns the outcome.
pub(crate) async fn create_ticket(
    storage: &dyn Storage,
    creation: TicketCreation,
) -> anyhow::Result<CreateTicketOutcome> {
    let mut outcomes = storage.create_tickets(vec![creation]).await?;
    ensure!(outcomes.len() == 1, "a batch of one returned {} outcomes", outcomes.len());
    outcomes.pop().context("an outcome")
}

/// Fails unless the batch returns exactly these outcomes.
pub(crate) async fn expect_outcomes(
    storage: &dyn Storage,
    what: &str,
    batch: Vec<TicketCreation>,
    expected: &[CreateTicketOutcome],
) -> anyhow::Result<()> {
    same(what, &storage.create_tickets(batch).await?.as_slice(), &expected)
}

/// Fails unless the shop has no ticket with this id.
pub(crate) async fn expect_no_ticket(
    storage: &dyn Storage,
    what: &str,
    shop: ShopId,
    id: TicketId,
) -> anyhow::Result<()> {
    same(what, &storage.find_ticket(shop, id).await?, &None)
}

/// Fails unless the ticket is stored as passed in.
pub(crate) async fn expect_ticket(storage: &dyn Storage, what: &str, ticket: &Ticket) -> anyhow::Result<()> {
    let found = storage.find_ticket(ticket.shop_id, ticket.id).await?;
    same(what, &found.map(|view| view.ticket).as_ref(), &Some(ticket))
}

/// A shop with a customer and a user. Most cases start with it.
pub(crate) struct ShopWithPeople {
    pub(crate) shop: Shop,
    pub(crate) customer: Customer,
    pub(crate) user: User,
}

impl ShopWithPeople {
    pub(crate) async fn create(storage: &dyn Storage, name: &str) -> anyhow::Result<Self> {
        let shop = create_shop(storage, name).await?;
        let customer = create_customer(storage, shop.id, customer_by_email("customer@example.com")).await?;
        let user = create_user(storage, shop.id, user_by_email("agent@example.com")).await?;
        Ok(Self { shop, customer, user })
    }

    /// A plain ticket of the fixture's customer.
    pub(crate) fn ticket(&self, id: i64) -> anyhow::Result<Ticket> {
        Ok(plain_ticket(ticket_id(id)?, &self.customer))
    }

    /// A ticket with a missing customer.
    pub(crate) fn ticket_of_nobody(&self, id: i64) -> anyhow::Result<Ticket> {
        Ok(Ticket { customer_id: customer_id(CustomerId::MAX)?, ..self.ticket(id)? })
    }

    /// A ticket with a missing assignee.
    pub(crate) fn ticket_for_nobody(&self, id: i64) -> anyhow::Result<Ticket> {
        Ok(Ticket { assigned_to: Some(user_id(UserId::MAX)?), ..self.ticket(id)? })
    }
}
