//! The comment routes.

pub(crate) mod create;
#[cfg(test)]
mod examples;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
pub(crate) mod list;
mod wire;

pub(crate) use wire::CommentJson;
