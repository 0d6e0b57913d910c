//! The ranges of ids that a store reserves for a process.

use std::collections::BTreeMap;

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

/// Returns the range that an [`IdRangeStore`](crate::IdRangeStore) reserves next. `ends`
/// maps every used node to the end of its latest range.
///
/// If `current` is still the latest range of its node, the next range continues it (IDRANGE-4,
/// IDRANGE-5). Otherwise the next range is on the first unused node. If every node was used, it is
/// on the node with the earliest end (IDRANGE-3, IDRANGE-7). So each node rests as long as possible.
/// Returns `None` if the range would be empty, as at [`Timestamp::MAX`]. The store then fails.
pub fn next_id_range(
    ends: &BTreeMap<NodeNumber, Timestamp>,
    now: Timestamp,
    span_millis: i64,
    current: Option<IdRange>,
) -> Option<IdRange> {
    let end_of = |node: NodeNumber| ends.get(&node).copied();
    let range = match current.filter(|range| end_of(range.node) == Some(range.until)) {
        Some(latest) => IdRange {
            node: latest.node,
            from: latest.until,
            until: latest.until.max(now).saturating_add_millis(span_millis),
        },
        None => {
            let node = (0..NodeNumber::COUNT).filter_map(NodeNumber::new).min_by_key(|&node| end_of(node))?;
            let from = end_of(node).map_or(now, |end| end.max(now));
            IdRange { node, from, until: from.saturating_add_millis(span_millis) }
        }
    };
    (range.from < range.until).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn range(node: u16, from: i64, until: i64) -> IdRange {
        IdRange { node: NodeNumber::new(node).unwrap(), from: at(from), until: at(until) }
    }

    /// The ends of all nodes: `end` for `node`, 1,000 for the others.
    fn all_but(node: u16, end: i64) -> BTreeMap<NodeNumber, Timestamp> {
        (0..NodeNumber::COUNT)
            .map(|other| (NodeNumber::new(other).unwrap(), at(if other == node { end } else { 1_000 })))
            .collect()
    }

    #[test]
    fn the_node_that_has_rested_longest_is_next() {
        let ends = BTreeMap::from([(NodeNumber::new(0).unwrap(), at(5))]);
        assert_eq!(next_id_range(&ends, at(10), 7, None), Some(range(1, 10, 17)));
        assert_eq!(next_id_range(&all_but(9, 999), at(2_000), 7, None), Some(range(9, 2_000, 2_007)));
        assert_eq!(next_id_range(&all_but(9, 999), at(10), 7, None), Some(range(9, 999, 1_006)));
    }

    #[test]
    fn only_the_latest_range_is_continued() {
        let current = Some(range(9, 0, 999));
        assert_eq!(next_id_range(&all_but(9, 999), at(10), 7, current), Some(range(9, 999, 1_006)));
        assert_eq!(next_id_range(&all_but(9, 999), at(2_000), 7, current), Some(range(9, 999, 2_007)));
        assert_eq!(next_id_range(&all_but(8, 998), at(10), 7, current), Some(range(8, 998, 1_005)));
    }

    #[test]
    fn a_range_has_a_length() {
        assert_eq!(next_id_range(&BTreeMap::new(), at(10), 0, None), None);
        assert_eq!(next_id_range(&BTreeMap::new(), at(10), -1, None), None);
        assert_eq!(next_id_range(&BTreeMap::new(), Timestamp::MAX, 7, None), None);
    }
}
