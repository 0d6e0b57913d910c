//! The API key routes.

pub(crate) mod create;
#[cfg(test)]
mod examples;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod new_key;
mod refusal;
pub(crate) mod revoke;
pub(crate) mod rotate;
pub(crate) mod wire;

pub(crate) use wire::ApiKeySnapshotJson;
