//! The customer routes.

pub(crate) mod create;
pub(crate) mod erase;
#[cfg(test)]
mod examples;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod merge;
pub(crate) mod update;
pub(crate) mod wire;

pub(crate) use wire::CustomerJson;
