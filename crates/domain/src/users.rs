//! Users: a shop's staff.

mod changes;
mod draft;
mod filter;
mod manage;
mod user;

pub use changes::UserChanges;
pub use draft::UserDraft;
pub use filter::UserFilter;
pub use manage::ManageUsers;
pub use user::{NewUser, User};
