//! The comment routes.

mod complete_list;
pub(crate) mod create;
#[cfg(test)]
mod examples;
pub(crate) mod list;
pub(crate) mod wire;

pub(crate) use wire::CommentJson;
