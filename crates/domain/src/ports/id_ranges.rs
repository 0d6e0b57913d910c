use async_trait::async_trait;

use crate::{IdRange, StorageError, Timestamp};

/// Reserves ranges of ids for every process that shares the store. Processes create the ids of
/// tickets and comments from them.
///
/// A range is the right to create the ids of one node for a stretch of time. There are 1,024 nodes.
/// A range includes its beginning and excludes its end. It has passed when `now` is its end or
/// later. For each node, the store remembers the end of the ranges reserved so far. No id at or
/// after that end has been created, even if the process that reserved the last range crashed. A
/// range with that end is its node's latest.
///
/// - **IDRANGE-1** Two ranges of one node never overlap, even if they are reserved at the same
///   time.
/// - **IDRANGE-2** A new range begins at `now` or later, and ends `span_millis` after its
///   beginning.
/// - **IDRANGE-3** While a node's latest range has not passed, a new reservation gets another node.
/// - **IDRANGE-4** If `current` is its node's latest range, the call extends it. It returns a range
///   of the same node that begins at the end of `current`. The range ends `span_millis` after
///   `now`, or after the end of `current` if that is later.
/// - **IDRANGE-5** If `current` is not its node's latest range any more, the call does not extend
///   it. It returns a new range, as without `current`.
/// - **IDRANGE-6** If the clock steps back, a reserved range is not reserved again.
/// - **IDRANGE-7** A reservation succeeds even if no node is free. The range then begins at the end
///   of its node's latest range.
/// - **IDRANGE-8** A range that would end after 9999-12-31T23:59:59.999Z,
///   [`Timestamp::MAX`](crate::Timestamp::MAX), ends there. If that leaves it empty, the call fails
///   with the kind `Unexpected` and reserves nothing.
#[async_trait]
pub trait IdRangeStore: Send + Sync {
    /// Reserves a range. If `current` is given, the range extends it (IDRANGE-4, IDRANGE-5).
    /// `span_millis` is at least 1.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError>;
}
