//! The route of the log of events.

mod list;
pub(crate) mod openapi;
mod wire;

pub(crate) use list::list;
