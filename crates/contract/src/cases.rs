//! One case for each obligation of the ports, in a module for each port. The cases on
//! calls that run at the same time are in [`concurrency`].

pub mod api_keys;
pub mod comments;
pub mod concurrency;
pub mod customer_changes;
pub mod customer_erasure;
pub mod customer_lists;
pub mod customers;
mod desk;
pub mod events;
pub mod id_ranges;
pub mod idempotency;
pub(crate) mod journal;
pub mod once;
pub mod readiness;
pub mod retention;
pub mod search;
pub(crate) mod settled_log;
pub mod shops;
pub mod ticket_changes;
pub mod ticket_deletion;
pub mod ticket_lists;
pub mod tickets;
pub mod user_changes;
pub mod user_lists;
pub mod users;
