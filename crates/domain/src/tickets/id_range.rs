//! The ranges that ticket ids are made from.

use crate::Timestamp;

pub(super) const NODE_BITS: u32 = 10;

/// One of the 1,024 parallel series of ticket ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeNumber(u16);

impl NodeNumber {
    /// How many there are; the first is 0.
    pub const COUNT: u16 = 1 << NODE_BITS;

    /// The node of this number, or `None` from [`Self::COUNT`] on.
    pub const fn new(number: u16) -> Option<Self> {
        if number < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// The sole right to make the ids of one node whose time lies in `from..until`. Handed
/// out by an [`IdRangeStore`](crate::IdRangeStore), which never hands out the same twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    /// The node.
    pub node: NodeNumber,
    /// The first millisecond.
    pub from: Timestamp,
    /// The first millisecond past the range.
    pub until: Timestamp,
}

/// The range that ids are made from is used up and was not extended in time: the store
/// has been out of reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no ticket ids left: the store could not be asked for more in time")]
pub struct TicketIdsExhausted;
