//! Lists, a page at a time.

use crate::{CommentId, TicketId, Timestamp};

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, P> {
    /// Its entries, in the list's order.
    pub entries: Vec<T>,
    /// The place of its last entry, if the list goes on after it.
    pub next: Option<P>,
}

/// A ticket's place in a list of tickets, newest activity first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketPosition {
    /// Its `last_message_time`; later ones come first.
    pub last_message_time: Timestamp,
    /// Its id; of the same time, larger ones come first.
    pub id: TicketId,
}

/// A ticket's place in the answer to a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchPosition {
    /// Its rank; larger ones come first.
    pub rank: u32,
    /// Its place among those of the same rank.
    pub ticket: TicketPosition,
}

/// A comment's place in its ticket, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommentPosition {
    /// Its time; earlier ones come first.
    pub time: Timestamp,
    /// Its id; of the same time, smaller ones come first.
    pub id: CommentId,
}
