//! The API key routes.

pub(crate) mod create;
#[cfg(test)]
mod examples;
pub(crate) mod find;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
pub(crate) mod list;
mod new_key;
pub(crate) mod revoke;
pub(crate) mod rotate;
mod wire;

pub(crate) use wire::ApiKeySnapshotJson;
