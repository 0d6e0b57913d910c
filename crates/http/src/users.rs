//! The user routes.

pub(crate) mod create;
#[cfg(test)]
mod examples;
pub(crate) mod find;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
pub(crate) mod list;
pub(crate) mod update;
mod wire;

pub(crate) use wire::UserJson;
