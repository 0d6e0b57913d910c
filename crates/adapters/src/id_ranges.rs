//! Which range of ticket ids is the next to hand out; the same for both databases.

use std::collections::BTreeMap;

use hexdesk_domain::{IdRange, NodeNumber, Timestamp};

use crate::sql_types::StoredTimestamp;

/// The next range, given where the latest of each node that has one ends: the
/// continuation of `current` if that is still its node's latest. Otherwise a range of the
/// first node that was never used, or else of the one whose latest range ends first, so
/// that a node rests for as long as possible before it is used again. `None` for a range
/// without length, which is all that is left at the end of time.
pub(crate) fn next_range(
    ends: Vec<(i32, StoredTimestamp)>,
    now: Timestamp,
    span_millis: i64,
    current: Option<IdRange>,
) -> Option<IdRange> {
    let ends: BTreeMap<i32, Timestamp> = ends.into_iter().map(|(node, end)| (node, end.0)).collect();
    let end_of = |node: NodeNumber| ends.get(&i32::from(node.get())).copied();
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

    /// The ends of all nodes, this one's among others that end at 1,000.
    fn all_but(node: i32, end: i64) -> Vec<(i32, StoredTimestamp)> {
        (0..i32::from(NodeNumber::COUNT))
            .map(|other| (other, StoredTimestamp(at(if other == node { end } else { 1_000 }))))
            .collect()
    }

    #[test]
    fn the_node_that_has_rested_longest_is_next() {
        let ends = vec![(0, StoredTimestamp(at(5)))];
        assert_eq!(next_range(ends, at(10), 7, None), Some(range(1, 10, 17)));
        assert_eq!(next_range(all_but(9, 999), at(2_000), 7, None), Some(range(9, 2_000, 2_007)));
        assert_eq!(next_range(all_but(9, 999), at(10), 7, None), Some(range(9, 999, 1_006)));
    }

    #[test]
    fn only_the_latest_range_is_continued() {
        let current = Some(range(9, 0, 999));
        assert_eq!(next_range(all_but(9, 999), at(10), 7, current), Some(range(9, 999, 1_006)));
        assert_eq!(next_range(all_but(9, 999), at(2_000), 7, current), Some(range(9, 999, 2_007)));
        assert_eq!(next_range(all_but(8, 998), at(10), 7, current), Some(range(8, 998, 1_005)));
    }

    #[test]
    fn a_range_has_a_length() {
        assert_eq!(next_range(Vec::new(), at(10), 0, None), None);
        assert_eq!(next_range(Vec::new(), at(10), -1, None), None);
        assert_eq!(next_range(Vec::new(), Timestamp::MAX, 7, None), None);
    }
}
