//! The ports: what the domain needs from the outside, as traits.
//!
//! One method is one atomic command: it takes effect as a whole or not at all, and what
//! it answered is visible to every later call. Methods are cancel-safe: when the caller
//! drops the future, the command still takes effect as a whole or not at all, and
//! nothing stays locked.
//!
//! Obligations are numbered (`TICKET-3`). Each has one case of the same number in the
//! contract kit, the crate `hexdesk-contract`, and is listed in
//! `docs/storage-contract.md`. Durability is not a case of the kit, which cannot crash a
//! machine: what a store has acknowledged must be on disk.

mod api_keys;
mod authentication;
mod comments;
mod customers;
mod events;
mod id_ranges;
mod readiness;
mod retention;
mod search;
mod shops;
mod sources;
mod tickets;
mod users;

pub use api_keys::{ApiKeyStore, CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
pub use authentication::{AuthenticationError, Authenticator};
pub use comments::{CommentCreation, CommentStore, CreateCommentOutcome};
pub use customers::{CreateCustomerOutcome, CustomerStore, CustomerUpdate, Erased, UpdateCustomerOutcome};
pub use events::EventStore;
pub use id_ranges::IdRangeStore;
pub use readiness::Readiness;
pub use retention::RetentionStore;
pub use search::SearchStore;
pub use shops::{CreateShopOutcome, ShopStore};
pub use sources::{Clock, TicketIdSource};
pub use tickets::{
    CreateTicketOutcome, DeleteTicketOutcome, TicketCreation, TicketStore, TicketUpdate, UpdateTicketOutcome,
};
pub use users::{CreateUserOutcome, UpdateUserOutcome, UserStore, UserUpdate};

/// Everything a storage adapter implements. Holds for whatever implements the parts.
pub trait Storage:
    ShopStore
    + CustomerStore
    + UserStore
    + TicketStore
    + CommentStore
    + SearchStore
    + ApiKeyStore
    + EventStore
    + RetentionStore
    + IdRangeStore
    + Readiness
{
}

impl<T> Storage for T where
    T: ShopStore
        + CustomerStore
        + UserStore
        + TicketStore
        + CommentStore
        + SearchStore
        + ApiKeyStore
        + EventStore
        + RetentionStore
        + IdRangeStore
        + Readiness
{
}
