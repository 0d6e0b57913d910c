//! The ticket routes.

mod create;
mod delete;
mod find;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod list;
pub(crate) mod openapi;
mod search;
mod update;
mod wire;

pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use find::find;
pub(crate) use list::{list, recent};
pub(crate) use search::search;
pub(crate) use update::update;
pub(crate) use wire::{HumanTicketJson, TicketJson};
