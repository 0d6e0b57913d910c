//! Group commit on a scripted store with shops and customers, and calls in progress.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hexdesk_adapters::{Batches, GroupCommit};
use hexdesk_domain::ports::{
    CommentCreation, CreateCommentOutcome, CreateCustomerOutcome, CreateShopOutcome, CreateTicketOutcome,
    TicketCreation,
};
use hexdesk_domain::{
    Actor, AuditStamp, CommentId, CommentStore, CustomerId, CustomerStore, ExternalIds, Fingerprint,
    IdempotencyClaim, IdempotencyKey, IdempotencyRequest, IdempotentOutcome, NewComment, NewCustomer,
    Receipt, ShopDomain, ShopId, ShopStore, StorageError, StorageErrorKind, TicketDraft, TicketId,
    TicketStore, Timestamp,
};
use tokio::runtime::Handle;

use crate::scripted_store::ScriptedStore;

/// A call that was polled once, so that its item is in the queue. It borrows nothing, like the
/// call of a request.
pub(crate) type Call<T> = Pin<Box<dyn Future<Output = Result<T, StorageError>> + Send>>;

/// The result of a call that creates a ticket.
pub(crate) type Created = Result<CreateTicketOutcome, StorageErrorKind>;

pub(crate) struct Fixture {
    pub(crate) store: Arc<ScriptedStore>,
    pub(crate) group: Arc<GroupCommit>,
    pub(crate) shops: Vec<(ShopId, CustomerId)>,
}

impl Fixture {
    /// Creates a fixture with this many shops, each with a customer.
    pub(crate) async fn new(shops: usize) -> Self {
        Self::writing_on(Handle::current(), shops).await
    }

    /// Creates a fixture with a store that holds every write.
    pub(crate) async fn holding(shops: usize) -> Self {
        let fixture = Self::new(shops).await;
        fixture.store.allow(0);
        fixture
    }

    /// Creates a fixture with a writer on this runtime.
    pub(crate) async fn writing_on(runtime: Handle, shops: usize) -> Self {
        Self::with(Batches::OfAllShops, runtime, shops).await
    }

    /// Creates a fixture with batches of one shop each, and a store that holds every write.
    pub(crate) async fn of_one_shop(shops: usize) -> Self {
        let fixture = Self::with(Batches::OfOneShop, Handle::current(), shops).await;
        fixture.store.allow(0);
        fixture
    }

    async fn with(batches: Batches, runtime: Handle, shops: usize) -> Self {
        let store = Arc::new(ScriptedStore::new());
        let mut numbers = Vec::new();
        for number in 0..shops {
            let domain = ShopDomain::parse(&format!("shop{number}.example")).unwrap();
            let CreateShopOutcome::Created(shop) = store.memory.create_shop(&domain, now()).await.unwrap()
            else {
                panic!("the shop already exists");
            };
            let attempt = store.memory.create_customer(shop.id, customer(), None).await.unwrap();
            let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) = attempt else {
                panic!("the customer already exists");
            };
            numbers.push((shop.id, customer.id));
        }
        let group = Arc::new(GroupCommit::new(store.clone(), store.clone(), batches, runtime));
        Self { store, group, shops: numbers }
    }

    /// A ticket of the shop with this index.
    pub(crate) fn ticket(&self, shop: usize, id: i64) -> TicketCreation {
        let (shop_id, customer_id) = self.shops[shop];
        let draft = TicketDraft {
            customer_id: Some(customer_id),
            channel: Some("Mail".to_owned()),
            is_opened: true,
            ..TicketDraft::default()
        };
        let ticket = draft.into_ticket(TicketId::new(id).unwrap(), shop_id, now()).unwrap();
        TicketCreation { ticket, stamp: stamp(now()), idempotency: None }
    }

    /// A ticket with this much text.
    pub(crate) fn ticket_of_bytes(&self, shop: usize, id: i64, bytes: usize) -> TicketCreation {
        let mut item = self.ticket(shop, id);
        item.ticket.last_message = Some("a".repeat(bytes - item.ticket.channel.len()));
        item
    }

    /// A ticket with an idempotency key. Its receipt is the id of the ticket.
    pub(crate) fn claimed(&self, shop: usize, id: i64, key: &str) -> TicketCreation {
        let request = IdempotencyRequest {
            operation: "create".to_owned(),
            key: IdempotencyKey::parse(key).unwrap(),
            fingerprint: Fingerprint([7; 32]),
        };
        let receipt = Receipt { response: id.to_string().into_bytes(), customer_id: None };
        TicketCreation { idempotency: Some(IdempotencyClaim { request, receipt }), ..self.ticket(shop, id) }
    }

    /// A comment on the ticket.
    pub(crate) fn comment(&self, shop: usize, ticket: i64, id: i64) -> CommentCreation {
        let comment = NewComment {
            id: CommentId::new(id).unwrap(),
            shop_id: self.shops[shop].0,
            ticket_id: TicketId::new(ticket).unwrap(),
            text: format!("comment {id}"),
            time: now(),
            channel: None,
            is_from_shop: true,
            is_note: false,
            author_id: None,
            subject: None,
            from_email: None,
            to_emails: Vec::new(),
            attachments: None,
            tags: Vec::new(),
        };
        CommentCreation { comment, stamp: stamp(now()), expected_version: None, claim: None }
    }

    /// A call that creates the ticket, before its first poll.
    pub(crate) fn call(&self, item: TicketCreation) -> Call<CreateTicketOutcome> {
        let group = self.group.clone();
        Box::pin(async move {
            let mut outcomes = group.create_tickets(vec![item]).await?;
            assert_eq!(outcomes.len(), 1);
            Ok(outcomes.remove(0))
        })
    }

    /// Begins to create a ticket, which waits.
    pub(crate) fn begin(&self, item: TicketCreation) -> Call<CreateTicketOutcome> {
        let mut call = self.call(item);
        assert!(answer_at_once(&mut call).is_none(), "the call did not wait");
        call
    }

    /// Begins to create tickets of a shop, which wait.
    pub(crate) fn begin_all(
        &self,
        shop: usize,
        ids: impl Iterator<Item = i64>,
    ) -> Vec<Call<CreateTicketOutcome>> {
        ids.map(|id| self.begin(self.ticket(shop, id))).collect()
    }

    /// Creates a ticket.
    pub(crate) async fn create(&self, item: TicketCreation) -> Created {
        within_a_minute(self.call(item)).await.map_err(|error| error.kind)
    }

    /// Begins to create a comment, which waits.
    pub(crate) fn begin_comment(
        &self,
        item: CommentCreation,
    ) -> Call<IdempotentOutcome<CreateCommentOutcome>> {
        let group = self.group.clone();
        let mut call: Call<_> = Box::pin(async move {
            let mut attempts = group.create_comments(vec![item]).await?;
            assert_eq!(attempts.len(), 1);
            Ok(attempts.remove(0))
        });
        assert!(answer_at_once(&mut call).is_none(), "the call did not wait");
        call
    }

    /// Whether the ticket is stored.
    pub(crate) async fn is_there(&self, shop: usize, id: i64) -> bool {
        let id = TicketId::new(id).unwrap();
        self.store.memory.find_ticket(self.shops[shop].0, id).await.unwrap().is_some()
    }
}

/// The result of a call that needs no wait; `None` while it waits.
pub(crate) fn answer_at_once<T>(call: &mut Call<T>) -> Option<Result<T, StorageErrorKind>> {
    match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer.map_err(|error| error.kind)),
        Poll::Pending => None,
    }
}

/// Waits for a result that must come. A minute is long enough for the slowest machine.
pub(crate) async fn within_a_minute<T>(awaited: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), awaited).await.unwrap()
}

/// The results of calls, in order.
pub(crate) async fn answers<T>(calls: Vec<Call<T>>) -> Vec<Result<T, StorageErrorKind>> {
    let mut answers = Vec::new();
    for call in calls {
        answers.push(within_a_minute(call).await.map_err(|error| error.kind));
    }
    answers
}

/// Waits for calls that must create their tickets.
pub(crate) async fn all_are_created(calls: Vec<Call<CreateTicketOutcome>>) {
    for answer in answers(calls).await {
        assert_eq!(answer, Ok(CreateTicketOutcome::Created));
    }
}

/// A change by the operator at this time.
fn stamp(time: Timestamp) -> AuditStamp {
    AuditStamp { actor: Actor::Operator, time, request_id: None }
}

fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000).unwrap()
}

fn customer() -> NewCustomer {
    NewCustomer {
        id: None,
        email: Some("ann@example.com".to_owned()),
        phone_number: None,
        first_name: None,
        last_name: None,
        full_name: None,
        external_ids: ExternalIds::default(),
        stamp: stamp(now()),
    }
}
