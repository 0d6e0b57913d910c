//! The rules of a helpdesk and the ports it needs, free of any database, web
//! framework or runtime.
//!
//! A caller hands a [`TicketDraft`] to [`CreateTicket`]. The draft is checked,
//! completed with the [`Clock`] and a [`TicketIdSource`], and reaches the
//! [`TicketStore`] port as a [`Ticket`] that breaks no rule. Whatever a store
//! must guarantee stands in the documentation of its port as a numbered
//! obligation (`TICKET-3`); the crate `hexdesk-contract` has a case for each.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`ports`] | the traits that storage and authentication implement |
//! | [`limits`] | the longest text, the most tags, the largest count |
//! | `ticket`, `customer`, `user`, `shop`, `api_key` | the things of a helpdesk |
//! | `ticket_draft`, `person_draft`, `violation` | what callers want, and what is wrong with it |
//! | `event` | what was changed, by whom and when |
//! | `create_ticket`, `manage_users`, … | the use cases |
//! | `key_grant` | what the holder of a key may hand out |
//! | `search` | what a search looks for, and what the words of a text are |

mod api_key;
mod command_error;
mod comment;
mod comment_draft;
mod create_comment;
mod create_customer;
mod create_ticket;
mod customer;
mod customer_changes;
mod customer_filter;
mod email;
mod enforce_retention;
mod event;
mod id;
mod idempotency;
mod key_grant;
pub mod limits;
mod manage_api_keys;
mod manage_users;
mod page;
mod person_draft;
pub mod ports;
mod search;
mod shop;
mod storage_error;
mod text_rules;
mod ticket;
mod ticket_changes;
mod ticket_draft;
mod ticket_filter;
mod ticket_id;
mod time;
mod update_customer;
mod update_ticket;
mod user;
mod user_changes;
mod user_filter;
mod violation;

pub use api_key::{ApiKey, KeyNumber, NewApiKey, Principal, Scope, SecretHash, UnknownScope};
pub use command_error::CommandError;
pub use comment::{Comment, CommentView, NewComment};
pub use comment_draft::CommentDraft;
pub use create_comment::{CreateComment, CreateCommentError};
pub use create_customer::CreateCustomer;
pub use create_ticket::{CreateTicket, CreateTicketError, TicketCreated};
pub use customer::{Customer, ExternalIds, NewCustomer};
pub use customer_changes::CustomerChanges;
pub use customer_filter::CustomerFilter;
pub use email::fold_email;
pub use enforce_retention::{EnforceRetention, MIN_IDEMPOTENCY_HOURS, Removed, Retention};
pub use event::{
    Actor, ApiKeySnapshot, AuditStamp, Caller, Event, EventKind, EventPosition, Snapshot, Subject,
    TicketSnapshot, UnknownEventKind,
};
pub use id::{CommentId, CustomerId, HumanTicketId, ShopId, TicketId, UserId};
pub use idempotency::{
    DeferredClaim, Fingerprint, IdempotencyClaim, IdempotencyKey, IdempotencyKeyError, IdempotencyRequest,
    IdempotentOutcome, Receipt, RenderReceipt,
};
pub use key_grant::{ApiKeyDraft, Excess, RotationDraft};
pub use manage_api_keys::{ManageApiKeys, ManageApiKeysError};
pub use manage_users::ManageUsers;
pub use page::{CommentPosition, Page, SearchPosition, TicketPosition};
pub use person_draft::{CustomerDraft, UserDraft};
pub use ports::{
    ApiKeyStore, Authenticator, Clock, CommentStore, CustomerStore, EventStore, IdRangeStore, Readiness,
    RetentionStore, SearchStore, ShopStore, Storage, TicketIdSource, TicketStore, UserStore,
};
pub use search::{SearchQuery, SearchQueryError, SearchTerm, search_words};
pub use shop::{Shop, ShopDomain, ShopDomainError};
pub use storage_error::{StorageError, StorageErrorKind};
pub use ticket::{HumanTicket, Ticket, TicketView};
pub use ticket_changes::TicketChanges;
pub use ticket_draft::TicketDraft;
pub use ticket_filter::{AssigneeFilter, ThreadFilter, TicketFilter};
pub use ticket_id::{IdRange, NodeNumber, TicketIdGenerator, TicketIdsExhausted};
pub use time::{Timestamp, TimestampError};
pub use update_customer::UpdateCustomer;
pub use update_ticket::UpdateTicket;
pub use user::{NewUser, User};
pub use user_changes::UserChanges;
pub use user_filter::UserFilter;
pub use violation::{Field, Rule, Violation};
