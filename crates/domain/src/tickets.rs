//! Tickets (conversations) and the human tickets they open.

mod changes;
mod create;
mod draft;
mod filter;
mod id_generator;
mod id_range;
mod last_message;
mod ticket;
mod update;

pub use changes::TicketChanges;
pub use create::{CreateTicket, CreateTicketError, TicketCreated};
pub use draft::TicketDraft;
pub use filter::{AssigneeFilter, TicketFilter};
pub use id_generator::TicketIdGenerator;
pub(crate) use id_generator::{first_id_at, millis_between};
pub use id_range::{IdRange, NodeNumber, TicketIdsExhausted, next_id_range};
pub use last_message::Message;
pub use ticket::{HumanTicket, InitialMessage, Ticket, TicketView};
pub use update::UpdateTicket;
