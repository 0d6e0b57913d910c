//! Which tickets a list holds.

use crate::{CustomerId, Timestamp, UserId};

/// The tickets that meet every condition that is there; all of the shop's if none is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct TicketFilter {
    /// Whether a person is to handle it.
    pub is_opened: Option<bool>,
    /// Its channel, exactly.
    pub channel: Option<String>,
    /// Who takes care of it.
    pub assignee: Option<AssigneeFilter>,
    /// Its customer.
    pub customer_id: Option<CustomerId>,
    /// The thread it is of.
    pub thread: Option<ThreadFilter>,
    /// A tag that it has, exactly.
    pub tag: Option<String>,
    /// Its contact reason, exactly.
    pub contact_reason: Option<String>,
    /// Whether there are messages that nobody of the shop has read.
    pub has_unread: Option<bool>,
    /// Its `date` is this or later.
    pub date_from: Option<Timestamp>,
    /// Its `date` is earlier.
    pub date_before: Option<Timestamp>,
    /// Its `last_message_time` is this or later.
    pub last_message_from: Option<Timestamp>,
    /// Its `last_message_time` is earlier.
    pub last_message_before: Option<Timestamp>,
}

/// Who takes care of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssigneeFilter {
    /// Nobody.
    Unassigned,
    /// This user.
    User(UserId),
}

/// A thread. Its id alone is not enough: two customers may use the same, and a thread
/// never crosses customers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ThreadFilter {
    /// Whose thread.
    pub customer_id: CustomerId,
    /// Its id, exactly; the empty one names no thread and matches nothing.
    pub thread_id: String,
}
