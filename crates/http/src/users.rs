//! The user routes.

pub(crate) mod create;
#[cfg(test)]
mod examples;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod update;
pub(crate) mod wire;

pub(crate) use wire::UserJson;
