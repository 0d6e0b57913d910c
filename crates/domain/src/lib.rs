//! The rules of a helpdesk, and its ports. This crate depends on no database, web framework or
//! runtime.
//!
//! | module | contents |
//! | --- | --- |
//! | [`ports`] | the traits that storage and authentication implement, with numbered obligations |
//! | `tickets`, `comments`, `customers`, `users`, `api_keys`, `shops` | one subject each: its types, rules and use cases |
//! | `events` | the event log: each change with its actor and time |
//! | `figures` | how many tickets a shop opened, answered and closed, and how fast |
//! | `console` | signing in to the console: roles, passwords, one-time links and sessions |
//! | `saved_replies` | texts that agents insert into replies |
//! | `webhooks` | endpoints that receive events, and their deliveries |
//! | `search` | search queries, and the words of a text |
//! | `idempotency` | requests that take effect once, however often they are sent |
//! | `retention` | removing old records |
//! | `archive` | everything of a shop in one order, to move it to another store |
//! | `fields`, `validation` | the fields of drafts, their [`limits`], rules and violations |
//!
//! A *draft* is a resource that a caller requests to create. A use case checks the draft,
//! completes it and passes it to a port. Values that a port receives keep every rule. The crate
//! `hexdesk-contract` tests that a store meets its obligations.
//!
//! The cargo feature `serde`, off by default, serialises what a store keeps: shops, customers, users,
//! tickets, human tickets, comments, keys, events, receipts and id ranges. Reading checks every
//! value. A new version of this crate may change the layout. The feature also has the files of archives,
//! whose format keeps its version.
//!
//! # Example
//!
//! A use case works with any implementation of its ports. This one keeps tickets in a
//! vector:
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
//! use hexdesk_domain::{
//!     Actor, Caller, Clock, CreateTicket, CreateTicketError, CustomerId, Field, IdRange, NodeNumber, Receipt,
//!     Rule, ShopId, StorageError, Ticket, TicketDraft, TicketIdGenerator, TicketStore, Timestamp,
//! };
//! # use hexdesk_domain::ports::{DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome};
//! # use hexdesk_domain::{AuditStamp, DeferredClaim, IdempotentOutcome, Page, PageSize, TicketFilter};
//! # use hexdesk_domain::{TicketId, TicketPosition, TicketView};
//!
//! #[derive(Default)]
//! struct Tickets(Mutex<Vec<Ticket>>);
//!
//! #[async_trait::async_trait]
//! impl TicketStore for Tickets {
//!     async fn create_tickets(
//!         &self,
//!         batch: Vec<TicketCreation>,
//!     ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
//!         let mut tickets = self.0.lock().unwrap();
//!         let outcomes = batch.into_iter().map(|creation| {
//!             tickets.push(creation.ticket);
//!             CreateTicketOutcome::Created
//!         });
//!         Ok(outcomes.collect())
//!     }
//!     // `find_ticket`, `list_tickets` and the other methods are not needed here.
//! #     async fn find_ticket(&self, _: ShopId, _: TicketId) -> Result<Option<TicketView>, StorageError> {
//! #         unimplemented!()
//! #     }
//! #     async fn list_tickets(
//! #         &self,
//! #         _: ShopId,
//! #         _: TicketFilter,
//! #         _: Option<TicketPosition>,
//! #         _: PageSize,
//! #     ) -> Result<Page<TicketView, TicketPosition>, StorageError> {
//! #         unimplemented!()
//! #     }
//! #     async fn update_ticket(
//! #         &self,
//! #         _: ShopId,
//! #         _: TicketId,
//! #         _: TicketUpdate,
//! #         _: Option<DeferredClaim<UpdateTicketOutcome>>,
//! #     ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
//! #         unimplemented!()
//! #     }
//! #     async fn delete_ticket(
//! #         &self,
//! #         _: ShopId,
//! #         _: TicketId,
//! #         _: Option<i64>,
//! #         _: AuditStamp,
//! #     ) -> Result<DeleteTicketOutcome, StorageError> {
//! #         unimplemented!()
//! #     }
//! #     async fn count_tickets(&self, _: ShopId, _: TicketFilter, _: u64) -> Result<u64, StorageError> {
//! #         unimplemented!()
//! #     }
//! }
//!
//! struct FixedClock(Timestamp);
//!
//! impl Clock for FixedClock {
//!     fn now(&self) -> Timestamp {
//!         self.0
//!     }
//! }
//!
//! # // No runtime is needed: nothing here waits.
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::task::{Context, Poll, Waker};
//! # let mut example = std::pin::pin!(run());
//! # match example.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
//! #     Poll::Ready(result) => result,
//! #     Poll::Pending => Err("the example waits".into()),
//! # }
//! # }
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let now = Timestamp::parse("2026-04-28T09:30:00Z")?;
//! let node = NodeNumber::new(0).ok_or("no node")?;
//! let ids = TicketIdGenerator::new(IdRange { node, from: now, until: Timestamp::MAX });
//! let store = Arc::new(Tickets::default());
//! let create_ticket = CreateTicket::new(store.clone(), Arc::new(FixedClock(now)), Arc::new(ids));
//!
//! let shop = ShopId::new(1).ok_or("no shop")?;
//! let caller = Caller { shop, actor: Actor::Operator, request_id: None };
//! // The response is known before the ticket is stored, since the domain makes its id.
//! let receipt = |ticket: &Ticket| Receipt {
//!     response: format!("created ticket {}", ticket.id).into_bytes(),
//!     customer_id: Some(ticket.customer_id),
//! };
//! let draft = TicketDraft {
//!     customer_id: CustomerId::new(123),
//!     channel: Some("Mail".to_owned()),
//!     ..TicketDraft::default()
//! };
//! create_ticket.execute(caller, draft, None, receipt).await?;
//! let ticket = store.0.lock().unwrap()[0].clone();
//! assert_eq!((ticket.date, ticket.version), (now, 1));
//!
//! // A draft that breaks rules is refused. The error lists every broken rule, and nothing is stored.
//! let refused = create_ticket.execute(caller, TicketDraft::default(), None, receipt).await;
//! let Err(CreateTicketError::Invalid(violations)) = refused else { panic!("{refused:?}") };
//! let broken: Vec<(Field, Rule)> = violations.iter().map(|found| (found.field, found.rule)).collect();
//! assert_eq!(broken, [(Field::CustomerId, Rule::Required), (Field::Channel, Rule::Required)]);
//! assert_eq!(store.0.lock().unwrap().len(), 1);
//! # Ok(())
//! # }
//! ```

mod api_keys;
mod archive;
mod audit;
mod capabilities;
mod changes;
mod command_error;
mod comments;
mod console;
mod customers;
mod events;
mod fields;
mod figures;
mod id;
mod idempotency;
mod page;
mod person;
mod phone_number;
pub mod ports;
mod retention;
#[cfg(test)]
mod samples;
mod saved_replies;
mod search;
#[cfg(feature = "serde")]
mod serialized;
mod shops;
mod storage_error;
mod text_bytes;
mod tickets;
mod time;
mod users;
mod validation;
mod webhooks;

pub use api_keys::{
    ApiKey, ApiKeyDraft, Excess, ManageApiKeys, ManageApiKeysError, NewApiKey, Principal, RotationDraft,
    Scope, SecretHash, UnknownScope,
};
#[cfg(feature = "serde")]
pub use archive::{
    ARCHIVE_PAGE, ArchiveDigest, ArchiveFileError, ArchiveFileReader, ArchiveFileWriter, ArchiveHeader,
    ArchiveStep, LoadError, LoadedShop, ShopDigest, ShopLoad,
};
pub use archive::{
    ArchiveEntry, ArchivePlace, ArchivedAttempt, ArchivedDelivery, ArchivedEvent, ArchivedSession,
    ArchivedShop, IdempotencyRecord, MergedCustomer, ShopCounters,
};
pub use audit::{Actor, AuditStamp, Caller, RequestId};
pub use capabilities::Capabilities;
pub use command_error::CommandError;
pub use comments::{
    Comment, CommentChanges, CommentDraft, CommentView, CreateComment, CreateCommentError, NewComment,
    UpdateComment,
};
pub use console::{
    AcceptInvitation, AcceptInvitationError, Access, Credential, Invite, InviteError, Invited, Link,
    LinkHolder, Member, Members, NewLink, NewSession, Password, PasswordHash, Role, Session, SessionLife,
    Sessions, SignIn, SignInError, SignInFailures, SignedIn, Token, TokenError, TooManyFailures, UnknownRole,
};
pub use customers::{
    CreateCustomer, Customer, CustomerChanges, CustomerDraft, CustomerFilter, ExternalIds, MergeCustomers,
    MergeDraft, NewCustomer, SamePerson, UpdateCustomer,
};
pub use events::{
    ApiKeySnapshot, Event, EventFilter, EventKind, EventPosition, EventsRemoved, NewEvent, Snapshot, Subject,
    SubjectType, TicketSnapshot, UnknownEventKind, UnknownSubject,
};
pub use fields::{Field, limits};
pub use figures::{
    Backlog, Day, DayFigures, FigureDay, Figures, FirstAnswer, OpenTickets, ReadFigures, Waits,
};
pub use id::{
    CommentId, CustomerId, HumanTicketId, KeyNumber, SavedReplyId, ShopId, TicketId, UserId, WebhookId,
};
pub use idempotency::{
    DeferredClaim, Fingerprint, IdempotencyClaim, IdempotencyKey, IdempotencyKeyError, IdempotencyRequest,
    IdempotentOutcome, Receipt, RenderReceipt, json_string,
};
pub use page::{CommentPosition, Page, PageBuilder, PageSize, SearchPosition, TicketPosition};
pub use phone_number::fold_phone_number;
pub use ports::{
    ApiKeyStore, ArchiveReader, ArchiveStore, Authenticator, Clock, CommentStore, CredentialStore,
    CustomerStore, DeliveryStore, EventStore, FigureStore, IdRangeStore, PasswordHasher, Readiness,
    RetentionStore, SavedReplyStore, SearchStore, SecretSealer, SessionStore, ShopStore, Storage,
    StoreCapabilities, TicketIdSource, TicketStore, TokenSource, UserStore, WebhookStore,
};
pub use retention::{
    EnforceRetention, MIN_EVENT_DAYS_WITH_WEBHOOKS, MIN_IDEMPOTENCY_HOURS, Removed, Retention,
};
pub use saved_replies::{
    CreateSavedReplyError, ManageSavedReplies, NewSavedReply, SavedReply, SavedReplyDraft,
};
pub use search::{SearchQuery, SearchQueryError, SearchTerm, message_words, readable_text, search_words};
pub use shops::{Shop, ShopChange, ShopDomain, ShopDomainError};
pub use storage_error::{StorageError, StorageErrorKind};
pub use text_bytes::TextBytes;
pub use tickets::{
    AssigneeFilter, CreateTicket, CreateTicketError, HumanTicket, IdRange, InitialMessage, Message,
    NodeNumber, Ticket, TicketChanges, TicketCreated, TicketDraft, TicketFilter, TicketIdGenerator,
    TicketIdsExhausted, TicketView, UpdateTicket, next_id_range,
};
pub use time::{Timestamp, TimestampError};
pub use users::{ManageUsers, NewUser, User, UserChanges, UserDraft, UserFilter};
pub use validation::{Rule, Violation, Violations, fold_email};
pub use webhooks::{
    AfterAttempt, AllowedTargetError, AllowedTargets, Attempt, AttemptError, AttemptResult, ClaimedDelivery,
    Delivery, DeliveryQueue, DeliveryRange, DisabledReason, FormerSecret, ManageWebhooks,
    ManageWebhooksError, Network, NewAttempt, NewWebhook, ReplayOutcome, SealedSecret, SecretRotation,
    Settlement, TargetUrl, TargetUrlError, Webhook, WebhookChanges, WebhookChangesDraft, WebhookDraft,
    WebhookHealth, WebhookMessageId, WebhookPayload, WebhookRotationDraft, WebhookSnapshot, WebhookState,
    is_public, replay_events,
};
