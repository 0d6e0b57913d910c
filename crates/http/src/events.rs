//! The route of the log of events.

pub(crate) mod list;
mod wire;
