//! Customers: the people who write to a shop.

mod changes;
mod create;
mod customer;
mod draft;
mod filter;
mod merge;
mod update;

pub use changes::CustomerChanges;
pub use create::CreateCustomer;
pub use customer::{Customer, ExternalIds, NewCustomer, SamePerson};
pub use draft::CustomerDraft;
pub use filter::CustomerFilter;
pub use merge::{MergeCustomers, MergeDraft};
pub use update::UpdateCustomer;
