//! What the routes need, wired together once.

use std::sync::Arc;

use hexdesk_domain::{
    ApiKeyStore, AuditStamp, Authenticator, Clock, CommentStore, CreateComment, CreateCustomer, CreateTicket,
    CustomerStore, EventStore, ManageApiKeys, ManageUsers, Principal, Readiness, SearchStore, StorageError,
    StorageErrorKind, TicketIdsExhausted, TicketStore, UpdateCustomer, UpdateTicket, UserStore,
};

use crate::idempotency::KeysInUse;
use crate::problem::Problem;
use crate::rate_limits::RateLimits;

/// The use cases and ports behind the routes.
pub(crate) struct Services {
    /// Tells who holds a key.
    pub(crate) authenticator: Arc<dyn Authenticator>,
    /// Creates tickets.
    pub(crate) create_ticket: CreateTicket,
    /// Changes tickets.
    pub(crate) update_ticket: UpdateTicket,
    /// Finds, lists and deletes tickets.
    pub(crate) tickets: Arc<dyn TicketStore>,
    /// Creates comments.
    pub(crate) create_comment: CreateComment,
    /// Lists comments.
    pub(crate) comments: Arc<dyn CommentStore>,
    /// Creates customers.
    pub(crate) create_customer: CreateCustomer,
    /// Changes customers.
    pub(crate) update_customer: UpdateCustomer,
    /// Finds, lists and erases customers.
    pub(crate) customers: Arc<dyn CustomerStore>,
    /// Creates and changes users.
    pub(crate) manage_users: ManageUsers,
    /// Finds and lists users.
    pub(crate) users: Arc<dyn UserStore>,
    /// Makes and rotates API keys.
    pub(crate) manage_api_keys: ManageApiKeys,
    /// Finds, lists and revokes API keys.
    pub(crate) api_keys: Arc<dyn ApiKeyStore>,
    /// Reads the log of events.
    pub(crate) events: Arc<dyn EventStore>,
    /// Searches tickets.
    pub(crate) search: Arc<dyn SearchStore>,
    /// How many requests each key may make, if there is a limit.
    pub(crate) rate_limits: Option<RateLimits>,
    /// Tells the time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Tells whether the store can serve.
    pub(crate) readiness: Arc<dyn Readiness>,
    /// The idempotency keys of requests that are running in this process.
    pub(crate) keys_in_use: KeysInUse,
}

impl Services {
    /// Who asks, and when: now.
    pub(crate) fn stamp(&self, principal: &Principal) -> AuditStamp {
        AuditStamp { actor: principal.actor(), time: self.clock.now() }
    }
}

/// What a client is told when the store fails; the cause goes to the log.
pub(crate) fn storage_problem(error: StorageError) -> Problem {
    match error.kind {
        StorageErrorKind::Unavailable => {
            tracing::warn!(error = %error, "the store is not available");
            Problem::overloaded()
        }
        StorageErrorKind::OutcomeUnknown => {
            tracing::error!(error = %error, "the outcome of a write is unknown");
            Problem::outcome_unknown()
        }
        StorageErrorKind::Unexpected => {
            tracing::error!(error = %error, "the store failed");
            Problem::internal()
        }
    }
}

/// What a client is told when no id can be made.
pub(crate) fn ids_problem(error: TicketIdsExhausted) -> Problem {
    tracing::error!(%error, "no id");
    Problem::overloaded()
}
