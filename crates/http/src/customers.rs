//! The customer routes.

mod create;
mod find;
pub(crate) mod openapi;
mod wire;

pub(crate) use create::create;
pub(crate) use find::find;
