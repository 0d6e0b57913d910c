//! The ports: what the domain needs from the outside, as traits.
//!
//! A storage adapter implements the traits of [`Storage`]. What it must guarantee is numbered
//! (`TICKET-3`). Each obligation has one case of the same number in the contract kit, the crate
//! `hexdesk-contract`; an adapter that passes the kit and meets the general obligations is done.
//! The documentation of that crate shows how to run the kit.
//!
//! # General obligations
//!
//! These hold for every method of every port.
//!
//! - **Atomicity.** One method is one command: it takes effect as a whole or not at all. If it
//!   returns an error, nothing was written, unless the error's kind is `OutcomeUnknown`: then all
//!   of it was written or nothing.
//! - **Visibility.** What a command returned is visible to every later call, on every connection
//!   and from every process.
//! - **Cancel safety.** The caller may drop the future of a call at any time. The command still
//!   takes effect as a whole or not at all, and nothing stays locked.
//! - **Durability.** What was acknowledged is on disk: it survives the crash of the process, of
//!   the store and of the machine. The kit cannot crash a machine and has no case for this. An
//!   adapter proves it with fault tests of its own, which kill the process or the store during
//!   writes and check what is left.
//! - **Texts and times.** A text is kept character for character: any Unicode except U+0000, up
//!   to the limits in [`limits`](crate::limits), counted in characters. An empty text and a
//!   missing one are different. A time is kept to the millisecond, from the year 0001 to the end
//!   of 9999.
//! - **Errors.** A failure is a [`StorageError`](crate::StorageError). Its kind tells the caller
//!   what to conclude: `Unavailable` (nothing was written, and a retry may succeed),
//!   `OutcomeUnknown` (see above) or `Unexpected` (nothing was written, and a retry is useless).
//!
//! The cases test atomicity and visibility throughout. They do not test cancel safety and
//! durability: an adapter does.
//!
//! # What a store may lack
//!
//! A store meets every obligation, except those of a capability that it is declared to lack, to
//! the kit and to the operators of Hexdesk. There is one:
//!
//! | capability | obligations | a store that lacks it |
//! | --- | --- | --- |
//! | `text_search` | SEARCH | implements `SearchStore` and keeps the trait's `search_tickets`, which returns `None` |
//!
//! ```text
//! hexdesk_contract::storage_contract!(RedbFile, without: [text_search]);
//! ```
//!
//! The tests of SEARCH are then ignored, and the output says so. A store that lacks search and
//! does not declare it fails them.

// docs/storage-contract.md is generated from this text and those of the traits: run
// `just storage-contract`.

mod api_keys;
mod authentication;
mod comments;
mod customers;
mod events;
mod forward;
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
