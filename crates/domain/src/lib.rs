//! The rules of a helpdesk and the ports it needs, free of any database, web
//! framework or runtime.
//!
//! A caller hands a [`TicketDraft`] to [`CreateTicket`]. The draft is checked,
//! completed with the [`Clock`] and a [`TicketIdSource`], and reaches the
//! [`TicketStore`] port as a [`Ticket`] that breaks no rule. Whatever a store
//! must guarantee stands in the documentation of its port as a numbered
//! obligation (`TICKET-3`); the crate `hexdesk-contract` has a case for each.
//!
//! | module | contents |
//! | --- | --- |
//! | [`ports`] | the traits that storage and authentication implement |
//! | [`limits`] | the longest text, the most tags, the largest count |
//! | `tickets`, `comments`, `customers`, `users`, `api_keys`, `shops` | one subject each: its types, rules and use cases |
//! | `events`, `search` | the event log; search queries and the words of a text |
//! | `validation` | the rules of drafts and their violations |

mod api_keys;
mod audit;
mod changes;
mod command_error;
mod comments;
mod customers;
mod events;
mod fields;
mod id;
mod idempotency;
mod page;
mod person;
pub mod ports;
mod retention;
mod search;
mod shops;
mod storage_error;
mod tickets;
mod time;
mod users;
mod validation;

pub use api_keys::{
    ApiKey, ApiKeyDraft, Excess, ManageApiKeys, ManageApiKeysError, NewApiKey, Principal, RotationDraft,
    Scope, SecretHash, UnknownScope,
};
pub use audit::{Actor, AuditStamp, Caller};
pub use command_error::CommandError;
pub use comments::{Comment, CommentDraft, CommentView, CreateComment, CreateCommentError, NewComment};
pub use customers::{
    CreateCustomer, Customer, CustomerChanges, CustomerDraft, CustomerFilter, ExternalIds, NewCustomer,
    UpdateCustomer,
};
pub use events::{
    ApiKeySnapshot, Event, EventKind, EventPosition, Snapshot, Subject, TicketSnapshot, UnknownEventKind,
};
pub use fields::{Field, limits};
pub use id::{CommentId, CustomerId, HumanTicketId, KeyNumber, ShopId, TicketId, UserId};
pub use idempotency::{
    DeferredClaim, Fingerprint, IdempotencyClaim, IdempotencyKey, IdempotencyKeyError, IdempotencyRequest,
    IdempotentOutcome, Receipt, RenderReceipt,
};
pub use page::{CommentPosition, Page, SearchPosition, TicketPosition};
pub use ports::{
    ApiKeyStore, Authenticator, Clock, CommentStore, CustomerStore, EventStore, IdRangeStore, Readiness,
    RetentionStore, SearchStore, ShopStore, Storage, TicketIdSource, TicketStore, UserStore,
};
pub use retention::{EnforceRetention, MIN_IDEMPOTENCY_HOURS, Removed, Retention};
pub use search::{SearchQuery, SearchQueryError, SearchTerm, search_words};
pub use shops::{Shop, ShopDomain, ShopDomainError};
pub use storage_error::{StorageError, StorageErrorKind};
pub use tickets::{
    AssigneeFilter, CreateTicket, CreateTicketError, HumanTicket, IdRange, NodeNumber, ThreadFilter, Ticket,
    TicketChanges, TicketCreated, TicketDraft, TicketFilter, TicketIdGenerator, TicketIdsExhausted,
    TicketView, UpdateTicket,
};
pub use time::{Timestamp, TimestampError};
pub use users::{ManageUsers, NewUser, User, UserChanges, UserDraft, UserFilter};
pub use validation::{Rule, Violation, Violations, fold_email};
