//! One case for each obligation of the ports. The modules have the names of the test modules.
//! [`concurrency`] has the cases on concurrent calls.

pub use crate::api_keys::cases as api_keys;
pub use crate::archive::cases as archive;
pub use crate::cancellation::cases as cancellation;
pub use crate::capabilities::cases as capabilities;
pub use crate::comments::cases as comments;
pub use crate::concurrency::cases as concurrency;
pub use crate::credentials::cases as credentials;
pub use crate::customers::cases::{
    changes as customer_changes, creation as customers, erasure as customer_erasure, lists as customer_lists,
    merges as customer_merges,
};
pub use crate::deliveries::cases as deliveries;
pub use crate::events::cases as events;
pub use crate::figures::cases as figures;
pub use crate::id_ranges::cases as id_ranges;
pub use crate::idempotency::cases::{deferred_claims as once, ticket_creation as idempotency};
pub use crate::readiness::cases as readiness;
pub use crate::retention::cases as retention;
pub use crate::saved_replies::cases as saved_replies;
pub use crate::search::cases as search;
pub use crate::sessions::cases as sessions;
pub use crate::shops::cases as shops;
pub use crate::tickets::cases::{
    changes as ticket_changes, creation as tickets, deletion as ticket_deletion, lists as ticket_lists,
};
pub use crate::users::cases::{changes as user_changes, creation as users, lists as user_lists};
pub use crate::webhooks::cases as webhooks;
