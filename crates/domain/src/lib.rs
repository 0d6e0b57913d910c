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
//! | `create_ticket` | the use case |

mod api_key;
mod comment;
mod comment_draft;
mod create_comment;
mod create_customer;
mod create_ticket;
mod customer;
mod email;
mod id;
mod idempotency;
pub mod limits;
mod page;
mod person_draft;
pub mod ports;
mod shop;
mod storage_error;
mod text_rules;
mod ticket;
mod ticket_changes;
mod ticket_draft;
mod ticket_filter;
mod ticket_id;
mod time;
mod update_ticket;
mod user;
mod violation;

pub use api_key::{ApiKey, KeyNumber, NewApiKey, Principal, Scope, SecretHash, UnknownScope};
pub use comment::{Comment, CommentView, NewComment};
pub use comment_draft::CommentDraft;
pub use create_comment::{CreateComment, CreateCommentError};
pub use create_customer::{CreateCustomer, CreateCustomerError};
pub use create_ticket::{CreateTicket, CreateTicketError, TicketCreated};
pub use customer::{Customer, ExternalIds, NewCustomer};
pub use email::fold_email;
pub use id::{CommentId, CustomerId, HumanTicketId, ShopId, TicketId, UserId};
pub use idempotency::{
    Attempt, Fingerprint, IdempotencyClaim, IdempotencyKey, IdempotencyKeyError, IdempotencyRequest, Once,
    Receipt, RenderReceipt,
};
pub use page::{CommentPosition, Page, TicketPosition};
pub use person_draft::{CustomerDraft, UserDraft};
pub use ports::{
    ApiKeyStore, Authenticator, Clock, CommentStore, CustomerStore, IdRangeStore, Readiness, ShopStore,
    Storage, TicketIdSource, TicketStore, UserStore,
};
pub use shop::{Shop, ShopDomain, ShopDomainError};
pub use storage_error::{StorageError, StorageErrorKind};
pub use ticket::{HumanTicket, Ticket, TicketView};
pub use ticket_changes::TicketChanges;
pub use ticket_draft::TicketDraft;
pub use ticket_filter::{AssigneeFilter, ThreadFilter, TicketFilter};
pub use ticket_id::{IdRange, NodeNumber, TicketIdGenerator, TicketIdsExhausted};
pub use time::{Timestamp, TimestampError};
pub use update_ticket::{UpdateTicket, UpdateTicketError};
pub use user::{NewUser, User};
pub use violation::{Field, Rule, Violation};
