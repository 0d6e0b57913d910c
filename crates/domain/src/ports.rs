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
//! - **CANCEL-1** The caller may drop the future of a call at any time. The command still takes
//!   effect in full or not at all, with its events, and nothing stays locked. It may still be running
//!   for a moment. A call that needs its result or its locks waits for it, or returns `InProgress`.
//! - **One after another.** Commands that run at the same time take effect as if they ran one after
//!   another. What a command has checked still holds when it writes: see [Races](#races).
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
//! The cases test atomicity and visibility throughout. They do not test abandoned reads and
//! durability: test these in your adapter.
//!
//! # Lookup keys
//!
//! A store looks up by these texts. The largest sizes are in bytes of UTF-8. Texts are compared in
//! full, so a store must not cut them.
//!
//! | of | looked up by | at most | tested by |
//! | --- | --- | --- | --- |
//! | shop | domain | 253 bytes | SHOP-1, SHOP-2 |
//! | customer | e-mail address, as `fold_email` returns it | 1,269 bytes | CUSTOMER-2, CUSTOMER-9, CUSTOMER-12 |
//! | customer | phone number, as `fold_phone_number` returns it | 200 bytes | CUSTOMER-3, CUSTOMER-9 |
//! | customer | each id in another system | 800 bytes | CUSTOMER-9, CUSTOMER-21 |
//! | user | e-mail address, as `fold_email` returns it | 1,269 bytes | USER-2, USER-9, USER-14 |
//! | ticket | channel | 400 bytes | TICKET-13 |
//! | ticket | contact reason | 2,000 bytes | TICKET-13 |
//! | ticket | each of up to 100 tags | 800 bytes | TICKET-13 |
//! | ticket | customer and thread id | 8 and 4,000 bytes | TICKET-13 |
//! | idempotency record | operation and key | 255 and 1,020 bytes | IDEMPOTENCY-3, and the cases of `IdempotentOutcome` |
//! | ticket | each word of its texts | 160 bytes | SEARCH-1 |
//!
//! Everything but the domain is looked up within one shop, so the shop's number (8 bytes) is part of
//! the key. Some databases limit keys: LMDB to 511 bytes by default, PostgreSQL to 2,704. Keep a hash
//! as the key then, such as SHA-256, and compare the whole text with the entry. The parts of a key
//! need a separator that no part contains, or their lengths.
//!
//! # Races
//!
//! A command checks something and writes. If another command can change what was checked in between,
//! both must lock the same row, or conflict in a unique index. A store with one writer meets these
//! obligations without a lock.
//!
//! | checked | changed by | tested by |
//! | --- | --- | --- |
//! | a domain or a number of a shop is free | the creation of a shop, a load | SHOP-6, ARCHIVE-10 |
//! | the values of a shop | a closing, a change of a setting | SHOP-7 |
//! | an e-mail address, phone number or requested number is free | a creation, an update | CUSTOMER-7, CUSTOMER-14, USER-12 |
//! | a customer stays reachable | an update of the same customer | CUSTOMER-20 |
//! | a customer exists | an erasure | CUSTOMER-17 |
//! | a user is active | a deactivation | TICKET-25, USER-10 |
//! | when a user was deactivated | another deactivation | USER-13 |
//! | the id of a ticket or a comment is free | a creation | TICKET-10, COMMENT-12 |
//! | the version of a ticket | an update, a deletion, a comment and its changes | TICKET-24, COMMENT-11, COMMENT-22 |
//! | a ticket exists | a deletion, an erasure | COMMENT-13, CUSTOMER-17 |
//! | the number of a human ticket is free | a creation, an update | TICKET-12 |
//! | an idempotency key is free | a request with the key | IDEMPOTENCY-7, and the cases of `IdempotentOutcome` |
//! | a key is not revoked, and has not ended | a revocation, a rotation, a deactivation | KEY-9, KEY-10, USER-10 |
//! | the values of a comment | an update, a deletion | COMMENT-11 |
//! | a record, an event or an attempt is there | a step of retention | RETENTION-4, EVENT-15 |
//! | a position of the log is the next | every other write in the shop | EVENT-13, EVENT-14 |
//! | a shop has room for a webhook, and its id is free | a creation | WEBHOOK-11 |
//! | the version of a webhook, and whether it exists | an update, a deletion | WEBHOOK-11 |
//! | the number of the next attempt, and the failures | a settlement, a test, an update | DELIVERY-10 |
//! | the claim of a delivery | a claim, a settlement, a replay | DELIVERY-7, DELIVERY-10 |
//! | the place of a webhook | a plan | DELIVERY-2, DELIVERY-14 |
//! | a shop has room for a saved reply, and its id is free | a creation | REPLY-3, REPLY-4 |
//! | a saved reply exists | a deletion | REPLY-6 |
//! | a link works | its use, another link, a deactivation, a closing | CREDENTIAL-10 |
//! | the role and the password of a user | a new one, a sign-in | CREDENTIAL-10 |
//! | a user may sign in | a deactivation, a new password, a closing | SESSION-9 |
//! | a session is live | its end, a deactivation, a new password, a closing | SESSION-9 |
//! | a range of ids is free | another reservation | IDRANGE-1 |
//! | how many entries of a shop are loaded | another load, its end | ARCHIVE-10 |
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
mod archive;
mod authentication;
mod capabilities;
mod comments;
mod credentials;
mod customers;
mod deliveries;
mod events;
mod figures;
mod forward;
mod id_ranges;
mod readiness;
mod retention;
mod saved_replies;
mod search;
mod secrets;
mod sessions;
mod shops;
mod sources;
mod tickets;
mod users;
mod wake_ups;
mod webhooks;

pub use api_keys::{ApiKeyStore, CreateKeyOutcome, KeyRotation, RotateKeyOutcome};
pub use archive::{ArchiveReader, ArchiveStore, BeginLoadOutcome, LoadEntriesOutcome};
pub use authentication::{AuthenticationError, Authenticator};
pub use capabilities::StoreCapabilities;
pub use comments::{
    CommentCreation, CommentStore, CommentUpdate, CreateCommentOutcome, DeleteCommentOutcome,
    UpdateCommentOutcome,
};
pub use credentials::{CredentialOutcome, CredentialStore, PasswordHasher, TokenSource};
pub use customers::{
    CreateCustomerOutcome, CustomerMerge, CustomerStore, CustomerUpdate, Erased, MergeCustomersOutcome,
    UpdateCustomerOutcome,
};
pub use deliveries::{ClaimedDeliveries, DeliveryStore, Replayed, SettleOutcome};
pub use events::EventStore;
pub use figures::FigureStore;
pub use id_ranges::IdRangeStore;
pub use readiness::Readiness;
pub use retention::RetentionStore;
pub use saved_replies::{CreateSavedReplyOutcome, SavedReplyStore};
pub use search::SearchStore;
pub use secrets::{SecretPlace, SecretSealer, SecretSealerError};
pub use sessions::SessionStore;
pub use shops::{CreateShopOutcome, ShopStore};
pub use sources::{Clock, TicketIdSource};
pub use tickets::{
    CreateTicketOutcome, DeleteTicketOutcome, TicketCreation, TicketStore, TicketUpdate, UpdateTicketOutcome,
};
pub use users::{CreateUserOutcome, UpdateUserOutcome, UserStore, UserUpdate};
pub use wake_ups::{WakeUpListener, WakeUps};
pub use webhooks::{
    CreateWebhookOutcome, DeleteWebhookOutcome, UpdateWebhookOutcome, WebhookStore, WebhookUpdate,
};

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
    + FigureStore
    + WebhookStore
    + DeliveryStore
    + CredentialStore
    + SessionStore
    + SavedReplyStore
    + RetentionStore
    + ArchiveStore
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
        + FigureStore
        + WebhookStore
        + DeliveryStore
        + CredentialStore
        + SessionStore
        + SavedReplyStore
        + RetentionStore
        + ArchiveStore
        + IdRangeStore
        + Readiness
        + StoreCapabilities
{
}
