//! Places: the size of an item in the queue and in a batch.

/// The bytes of text per place. Nearly every ticket and comment takes one place. The longest message
/// with four bytes per character takes 32.
const PLACE_BYTES: usize = 32 * 1024;

/// The places of one batch: up to 128 items and 4 MiB of text. That is twice the 64 callers of the
/// measurements. Such a batch holds its locks for about 15 ms.
pub(super) const MAX_BATCH_PLACES: usize = 128;

/// The places of the queue: up to 1,024 items and 32 MiB of text. That is eight batches, or about
/// 0.1 s of work. Callers retry items beyond that.
pub(super) const MAX_WAITING_PLACES: usize = 1024;

/// The number of places for an item with this many bytes of text. An item larger than a batch is a
/// batch of its own.
pub(super) fn places(text_bytes: usize) -> usize {
    text_bytes.div_ceil(PLACE_BYTES).clamp(1, MAX_BATCH_PLACES)
}
