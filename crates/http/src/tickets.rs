//! The ticket routes.

mod create;
mod find;
mod list;
pub(crate) mod openapi;
mod wire;

pub(crate) use create::create;
pub(crate) use find::find;
pub(crate) use list::{list, recent};
