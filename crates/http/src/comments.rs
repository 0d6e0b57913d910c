//! The comment routes.

mod create;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod list;
pub(crate) mod openapi;
mod wire;

pub(crate) use create::create;
pub(crate) use list::list;
pub(crate) use wire::CommentJson;
