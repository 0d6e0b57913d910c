//! The API key routes.

mod create;
mod find;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod list;
mod new_key;
pub(crate) mod openapi;
mod revoke;
mod rotate;
mod wire;

pub(crate) use create::create;
pub(crate) use find::find;
pub(crate) use list::list;
pub(crate) use revoke::revoke;
pub(crate) use rotate::rotate;
pub(crate) use wire::ApiKeySnapshotJson;
