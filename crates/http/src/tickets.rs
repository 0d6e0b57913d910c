//! The ticket routes.

pub(crate) mod create;
pub(crate) mod delete;
#[cfg(test)]
pub(crate) mod examples;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod recent;
pub(crate) mod search;
pub(crate) mod update;
pub(crate) mod wire;

pub(crate) use wire::{HumanTicketJson, InitialMessageJson, TicketJson};
