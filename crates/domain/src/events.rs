//! The event log, a shop's audit trail: each change with its actor and time.

mod event;
mod new_event;

pub use event::{
    ApiKeySnapshot, Event, EventKind, EventPosition, Snapshot, Subject, TicketSnapshot, UnknownEventKind,
};
pub use new_event::NewEvent;
