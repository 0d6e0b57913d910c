//! One case for each obligation of the ports, in a module for each port. The cases on
//! calls that run at the same time are in [`concurrency`].

pub mod api_keys;
pub mod comments;
pub mod concurrency;
pub mod customers;
mod desk;
pub mod id_ranges;
pub mod idempotency;
pub mod once;
pub mod readiness;
pub mod search;
pub mod shops;
pub mod ticket_changes;
pub mod ticket_deletion;
pub mod ticket_lists;
pub mod tickets;
pub mod users;
