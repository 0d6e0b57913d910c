//! A storage on a database of its own, with two other clients of that database.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use hexdesk_adapters::{PostgresOptions, PostgresStorage};
use hexdesk_domain::ports::{
    CreateCommentOutcome, CreateCustomerOutcome, CreateShopOutcome, CreateTicketOutcome, TicketCreation,
    UpdateCustomerOutcome, UpdateTicketOutcome,
};
use hexdesk_domain::{
    Actor, AuditStamp, CommentDraft, CommentId, CustomerDraft, CustomerId, CustomerStore, DeferredClaim,
    Event, EventPosition, EventStore, Fingerprint, IdempotencyClaim, IdempotencyKey, IdempotencyRequest,
    IdempotentOutcome, NewComment, PageSize, Receipt, ShopDomain, ShopId, ShopStore, StorageError,
    StorageErrorKind, TicketDraft, TicketId, TicketStore, Timestamp,
};
use hexdesk_test_postgres::TestDatabase;

use crate::database;

/// The events of the shop after this position.
pub(crate) async fn events(
    storage: &PostgresStorage,
    shop: ShopId,
    after: Option<EventPosition>,
) -> Vec<Event> {
    storage.list_events(shop, Default::default(), after, PageSize::of(100)).await.unwrap().unwrap().entries
}

/// A storage with one connection, a shop and a customer; a client of the database that holds
/// locks; and a client that only observes.
pub(crate) struct Fixture {
    pub(crate) storage: PostgresStorage,
    pub(crate) shop: ShopId,
    pub(crate) customer: CustomerId,
    pub(crate) other: tokio_postgres::Client,
    // A separate client: within a transaction, `pg_stat_activity` does not change.
    pub(crate) observer: tokio_postgres::Client,
    // Dropped last.
    pub(crate) database: TestDatabase,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with_options("").await
    }

    /// Creates a fixture with these settings for the storage's sessions, in the syntax of
    /// `postgres`.
    pub(crate) async fn with_options(options: &str) -> Self {
        Self::on(database::migrated_database(), options, 1).await
    }

    pub(crate) async fn with_connections(max_connections: u32) -> Self {
        Self::on(database::migrated_database(), "", max_connections).await
    }

    pub(crate) async fn on(database: TestDatabase, options: &str, max_connections: u32) -> Self {
        let options = options.replace(' ', "%20").replace('=', "%3D");
        let storage = PostgresStorage::connect_with(
            &format!("{}?options={options}", database.url),
            &PostgresOptions { max_connections, pending_list_cleanup: None, ..PostgresOptions::default() },
        )
        .await
        .unwrap();
        let (other, observer) = (client(&database).await, client(&database).await);
        let created = storage.create_shop(&domain(), now()).await.unwrap();
        let CreateShopOutcome::Created(shop) = created else { panic!("{created:?}") };
        let draft = CustomerDraft { email: Some("ann@example.com".into()), ..CustomerDraft::default() };
        let created =
            storage.create_customer(shop.id, draft.into_new(stamp(now())).unwrap(), None).await.unwrap();
        let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) = created else {
            panic!("{created:?}")
        };
        Self { storage, shop: shop.id, customer: customer.id, other, observer, database }
    }

    pub(crate) fn item(&self, id: i64, key: Option<&str>) -> TicketCreation {
        let draft = TicketDraft {
            customer_id: Some(self.customer),
            channel: Some("Mail".into()),
            is_opened: true,
            ..TicketDraft::default()
        };
        TicketCreation {
            ticket: draft.into_ticket(TicketId::new(id).unwrap(), self.shop, now()).unwrap(),
            stamp: stamp(now()),
            idempotency: key.map(|key| IdempotencyClaim {
                request: request(key),
                receipt: Receipt { response: b"receipt".to_vec(), customer_id: Some(self.customer) },
            }),
        }
    }

    /// A comment by the customer.
    pub(crate) fn comment(&self, ticket: i64, id: i64) -> NewComment {
        let draft = CommentDraft {
            text: Some(format!("Comment {id}")),
            is_from_shop: Some(false),
            ..CommentDraft::default()
        };
        let (id, ticket) = (CommentId::new(id).unwrap(), TicketId::new(ticket).unwrap());
        draft.into_new(id, self.shop, ticket, None, now()).unwrap()
    }

    /// A claim for this key. If the operation has an effect, the receipt holds data of the
    /// customer.
    pub(crate) fn claim_of<T: Effective>(&self, key: &str, customer: CustomerId) -> DeferredClaim<T> {
        let receipt = Receipt { response: b"receipt".to_vec(), customer_id: Some(customer) };
        let receipt = move |outcome: &T| outcome.has_effect().then(|| receipt.clone());
        DeferredClaim { request: request(key), requested_at: now(), receipt: Arc::new(receipt) }
    }

    /// [`Self::claim_of`] with the customer of the fixture.
    pub(crate) fn claim_of_customer<T: Effective>(&self, key: &str) -> DeferredClaim<T> {
        self.claim_of(key, self.customer)
    }

    pub(crate) async fn create(
        &self,
        items: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        self.storage.create_tickets(items).await
    }

    pub(crate) async fn is_there(&self, id: i64) -> bool {
        self.storage.find_ticket(self.shop, TicketId::new(id).unwrap()).await.unwrap().is_some()
    }

    pub(crate) async fn other_does(&self, sql: &str) {
        self.other.batch_execute(sql).await.unwrap();
    }

    /// The number that a query returns, as the observer sees it.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.observer.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Waits until this number of sessions of the storage meet the condition.
    pub(crate) async fn sessions(&self, expected: i64, condition: &str) {
        self.sessions_of("hexdesk", expected, condition).await;
    }

    pub(crate) async fn sessions_of(&self, application: &str, expected: i64, condition: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = '{application}' AND {condition}"
        );
        while self.count(&sql).await != expected {
            assert!(Instant::now() < deadline, "no {expected} sessions with {condition} within 20 s");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until the storage waits for a lock.
    pub(crate) async fn is_blocked(&self) {
        self.sessions(1, "wait_event_type = 'Lock'").await;
    }

    pub(crate) async fn end_sessions(&self) {
        let ended = self
            .count(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'hexdesk'",
            )
            .await;
        assert_eq!(ended, 1);
    }
}

pub(crate) async fn client(database: &TestDatabase) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) fn domain() -> ShopDomain {
    ShopDomain::parse("shop.example").unwrap()
}

/// A change by the operator at this time.
pub(crate) fn stamp(time: Timestamp) -> AuditStamp {
    AuditStamp { actor: Actor::Operator, time, request_id: None }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T10:00:00Z").unwrap()
}

/// A time after every change of a test.
pub(crate) fn later() -> Timestamp {
    Timestamp::parse("2036-11-22T10:00:00Z").unwrap()
}

/// A request of the operation "create".
pub(crate) fn request(key: &str) -> IdempotencyRequest {
    IdempotencyRequest {
        operation: "create".into(),
        key: IdempotencyKey::parse(key).unwrap(),
        fingerprint: Fingerprint([7; 32]),
    }
}

/// A claim for this key, with a receipt for every outcome.
pub(crate) fn claim<T>(key: &str) -> DeferredClaim<T> {
    let receipt = Receipt { response: b"receipt".to_vec(), customer_id: None };
    DeferredClaim {
        request: request(key),
        requested_at: now(),
        receipt: Arc::new(move |_| Some(receipt.clone())),
    }
}

/// An outcome that may be a refusal.
pub(crate) trait Effective: 'static {
    fn has_effect(&self) -> bool;
}

impl Effective for CreateCommentOutcome {
    fn has_effect(&self) -> bool {
        matches!(self, Self::Created(_))
    }
}

impl Effective for UpdateTicketOutcome {
    fn has_effect(&self) -> bool {
        matches!(self, Self::Updated(_))
    }
}

impl Effective for UpdateCustomerOutcome {
    fn has_effect(&self) -> bool {
        matches!(self, Self::Updated(_))
    }
}

/// The kind of failure.
pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, StorageError>) -> StorageErrorKind {
    result.unwrap_err().kind
}

/// Polls a future once, like a caller that then drops it.
pub(crate) async fn begin(mut future: Pin<&mut impl Future>) {
    std::future::poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending(), "the future did not wait");
        Poll::Ready(())
    })
    .await;
}
