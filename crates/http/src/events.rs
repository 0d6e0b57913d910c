//! The route of the event log.

pub(crate) mod list;
mod wire;
