use async_trait::async_trait;

use crate::{IdRange, StorageError, Timestamp};

/// Hands out the ranges that ticket ids are made from, to every process that shares the
/// store. It remembers, for each node, where the ranges handed out so far end: no id at
/// or past that point has been made, whatever became of the process that reserved it.
///
/// A range is the right to make the ids of one node, of which there are 1,024, for a stretch of
/// time. It includes its beginning and excludes its end; it has passed when `now` is its end or
/// later. A range is its node's latest if it ends where the node's latest ends.
///
/// - **IDRANGE-1** Two ranges of one node never overlap, also when they were reserved at
///   the same time.
/// - **IDRANGE-2** A new range begins at `now` or later and ends `span_millis` after its
///   beginning.
/// - **IDRANGE-3** While a node's latest range has not passed, a new reservation gets
///   another node.
/// - **IDRANGE-4** Extending a node's latest range goes on where it ended, on the same
///   node, to `span_millis` past `now` or past its end, whichever is later.
/// - **IDRANGE-5** A range that is not its node's latest any more cannot be extended: the
///   answer is a new range as if nothing had been handed in.
/// - **IDRANGE-6** When the clock steps back, what was handed out is not handed out again.
/// - **IDRANGE-7** A reservation succeeds also when no node is free: the range then begins
///   where the node's latest ends.
#[async_trait]
pub trait IdRangeStore: Send + Sync {
    /// Reserves a range, the continuation of `current` if there is one. `span_millis` is at
    /// least 1.
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
