//! The comment routes.

mod create;
mod list;
pub(crate) mod openapi;
mod wire;

pub(crate) use create::create;
pub(crate) use list::list;
pub(crate) use wire::CommentJson;
