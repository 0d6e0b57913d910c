//! The ports: traits for what the domain needs from outside.
//!
//! One method is one atomic command. It takes effect as a whole or not at all, and every
//! later call sees what it returned. Methods are cancel-safe: if the caller drops the future,
//! the command still takes effect as a whole or not at all, and nothing stays locked.
//!
//! Obligations are numbered (`TICKET-3`). The contract kit, the crate `hexdesk-contract`, has
//! one case for each number, and `docs/storage-contract.md` lists them all. Durability has no
//! case, because the kit cannot crash a machine: acknowledged writes must be on disk.

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

/// Everything that a storage adapter implements. A type that implements the parts implements
/// it.
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
