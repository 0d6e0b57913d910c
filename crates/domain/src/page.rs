//! Pages of lists, and positions in them.

use crate::{CommentId, TicketId, Timestamp};

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, P> {
    /// Its entries, in the list's order.
    pub entries: Vec<T>,
    /// The position of its last entry, if the list continues.
    pub next: Option<P>,
}

/// A ticket's position in a list of tickets. The latest activity is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketPosition {
    /// Its `last_message_time`. The latest is first.
    pub last_message_time: Timestamp,
    /// Its id. At the same time, the largest is first.
    pub id: TicketId,
}

/// A ticket's position in the results of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchPosition {
    /// Its rank. The largest is first.
    pub rank: u32,
    /// Its position among the tickets of the same rank.
    pub ticket: TicketPosition,
}

/// A comment's position in the list of its ticket. The earliest is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommentPosition {
    /// Its time. The earliest is first.
    pub time: Timestamp,
    /// Its id. At the same time, the smallest is first.
    pub id: CommentId,
}
