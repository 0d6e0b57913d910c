//! The customer routes.

pub(crate) mod create;
pub(crate) mod erase;
#[cfg(test)]
mod examples;
pub(crate) mod find;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
pub(crate) mod list;
pub(crate) mod update;
mod wire;

pub(crate) use wire::CustomerJson;
