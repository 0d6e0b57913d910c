//! The comment routes.

mod create;
mod list;
mod wire;

pub(crate) use create::create;
pub(crate) use list::list;
