//! The ports: the traits between the domain and everything outside it.
//!
//! A storage adapter implements the traits of [`Storage`]. Its obligations are numbered
//! (`TICKET-3`). Each has one case with the same number in the contract kit, the crate
//! `hexdesk-contract`. The documentation of that crate shows how to run the kit. An adapter is
//! complete if it passes the kit and meets the general obligations.
//!
//! # General obligations
//!
//! These hold for every method of every port.
//!
//! - **Atomicity.** Each call is one command. It takes effect in full or not at all. If it returns
//!   an error, nothing was written. The only exception is an error of the kind `OutcomeUnknown`:
//!   the command then took effect in full or not at all.
//! - **Visibility.** After a command has returned, its effect is visible to every later call, on
//!   every connection and in every process.
//! - **Cancel safety.** The caller may drop the future of a call at any time. The command still
//!   takes effect in full or not at all, and nothing stays locked.
//! - **Abandoned reads.** The caller drops the future of a read if nobody waits for its result any
//!   longer, or if it takes too long. A read that has not begun does not begin then. A running one
//!   should end soon, and free its thread or connection.
//! - **Durability.** A write is acknowledged when its call returns without an error. An
//!   acknowledged write is on disk. It survives a crash of the process, of the store and of the
//!   machine. The kit cannot crash a machine and has no case for this. An adapter proves it with
//!   fault tests of its own. They kill the process or the store during writes, and check which
//!   writes are left.
//! - **Texts and times.** A text is kept character for character. It may hold any Unicode except
//!   U+0000, up to the limits in [`limits`](crate::limits), counted in characters. An empty text
//!   and a missing text are different. A time is kept to the millisecond, from the year 0001 to the
//!   end of 9999.
//! - **Pages.** A list is read in pages of a [`PageSize`](crate::PageSize). A page ends with the
//!   entry that fills it. That is the last one that `entries` allows, or the one by which the texts
//!   of the page reach `bytes`, whichever is first. So a page holds at least one entry. The texts of
//!   an entry are measured in bytes of UTF-8 by [`TextBytes`](crate::TextBytes). Every page is full,
//!   except the last. [`Page::cut`](crate::Page::cut) makes a page by this rule. A store stops
//!   reading there: a page of a few megabytes must not cost the memory of a hundred large entries.
//! - **Errors.** A failure is a [`StorageError`](crate::StorageError). The caller acts on its kind:
//!   - `Unavailable`: nothing was written, and a retry may succeed.
//!   - `OutcomeUnknown`: the command took effect in full or not at all.
//!   - `Unexpected`: nothing was written, and a retry is useless.
//!
//! The cases test atomicity and visibility throughout. They do not test cancel safety, abandoned
//! reads and durability: test these in your adapter.
//!
//! # Optional capabilities
//!
//! A store meets every obligation, except those of a capability that it lacks. It declares its
//! [`Capabilities`](crate::Capabilities) with [`StoreCapabilities`]. Only one capability is optional:
//!
//! | capability | obligations | a store that lacks it |
//! | --- | --- | --- |
//! | `text_search` | SEARCH | declares `Capabilities::NONE` and keeps the default method `search_tickets` of `SearchStore`, which fails |
//!
//! The tests of the adapter name what the store lacks:
//!
//! ```text
//! hexdesk_contract::storage_contract!(RedbFile, without: [text_search]);
//! ```
//!
//! The tests of SEARCH are then ignored, and the output says so. A store whose tests and whose
//! capabilities disagree fails.

// docs/storage-contract.md is generated from this documentation and that of the traits: run
// `just storage-contract`.

mod api_keys;
mod authentication;
mod capabilities;
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
pub use capabilities::StoreCapabilities;
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

/// The traits that a storage adapter implements. Every type that implements them all implements
/// this one.
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
    + StoreCapabilities
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
        + StoreCapabilities
{
}
