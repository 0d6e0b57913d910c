//! The event log, a shop's audit trail: what changed, who changed it and when.

mod event;

pub use event::{
    ApiKeySnapshot, Event, EventKind, EventPosition, Snapshot, Subject, TicketSnapshot, UnknownEventKind,
};
