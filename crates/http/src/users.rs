//! The user routes.

mod create;
mod find;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod list;
pub(crate) mod openapi;
mod update;
mod wire;

pub(crate) use create::create;
pub(crate) use find::find;
pub(crate) use list::list;
pub(crate) use update::update;
pub(crate) use wire::UserJson;
