//! The event log, a shop's audit trail: each change with its actor and time.

mod event;
mod filter;
mod new_event;

pub use event::{
    ApiKeySnapshot, Event, EventKind, EventPosition, EventsRemoved, Snapshot, Subject, SubjectType,
    TicketSnapshot, UnknownEventKind, UnknownSubject,
};
pub use filter::EventFilter;
pub use new_event::NewEvent;
