//! The comment routes.

pub(crate) mod create;
#[cfg(test)]
mod examples;
pub(crate) mod list;
pub(crate) mod wire;

pub(crate) use wire::CommentJson;
