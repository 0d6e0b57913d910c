//! Ranges of ticket ids: their table, and the range to reserve next.

use hexdesk_domain::{IdRange, NodeNumber, Timestamp, next_id_range};

use super::types::StoredTimestamp;

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    id_ranges (node) {
        node -> Integer,
        reserved_until -> Instant,
    }
}

/// Calls [`next_id_range`] with these rows of the table.
pub(crate) fn next_range(
    rows: Vec<(i32, StoredTimestamp)>,
    now: Timestamp,
    span_millis: i64,
    current: Option<IdRange>,
) -> Option<IdRange> {
    next_id_range(&rows.into_iter().filter_map(range_end).collect(), now, span_millis, current)
}

/// The node of a row, and the end of its range.
pub(crate) fn range_end((node, end): (i32, StoredTimestamp)) -> Option<(NodeNumber, Timestamp)> {
    Some((u16::try_from(node).ok().and_then(NodeNumber::new)?, end.0))
}
