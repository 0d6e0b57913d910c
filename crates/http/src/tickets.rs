//! The ticket routes.

mod create;
mod find;
mod wire;

pub(crate) use create::create;
pub(crate) use find::find;
