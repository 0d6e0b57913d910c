//! Customers: the people who write to a shop.

mod changes;
mod create;
mod customer;
mod draft;
mod filter;
mod update;

pub use changes::CustomerChanges;
pub use create::CreateCustomer;
pub use customer::{Customer, ExternalIds, NewCustomer};
pub use draft::CustomerDraft;
pub use filter::CustomerFilter;
pub use update::UpdateCustomer;
