//! The ranges of ids that a store reserves for a process.

use crate::Timestamp;

pub(super) const NODE_BITS: u32 = 10;

/// One of the 1,024 parallel series of ticket ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeNumber(u16);

impl NodeNumber {
    /// The number of nodes. The first is 0.
    pub const COUNT: u16 = 1 << NODE_BITS;

    /// Returns the node with this number, or `None` if it is [`Self::COUNT`] or more.
    pub const fn new(number: u16) -> Option<Self> {
        if number < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// The exclusive right to create ids of one node with times in `from..until`. An
/// [`IdRangeStore`](crate::IdRangeStore) reserves it and never reserves the same twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    /// The node.
    pub node: NodeNumber,
    /// The first millisecond.
    pub from: Timestamp,
    /// The first millisecond after the range.
    pub until: Timestamp,
}

/// The range is used up, and the store was unreachable when the range had to be extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no ticket ids left: the store did not reserve more in time")]
pub struct TicketIdsExhausted;
