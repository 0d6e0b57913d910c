//! The comment routes.

mod complete_list;
pub(crate) mod create;
pub(crate) mod delete;
#[cfg(test)]
mod examples;
pub(crate) mod list;
pub(crate) mod update;
pub(crate) mod wire;

pub(crate) use wire::CommentJson;
