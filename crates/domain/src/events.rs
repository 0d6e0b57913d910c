//! The event log: a shop's audit trail.

mod event;

pub use event::{
    ApiKeySnapshot, Event, EventKind, EventPosition, Snapshot, Subject, TicketSnapshot, UnknownEventKind,
};
