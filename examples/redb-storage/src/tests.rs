//! What the contract kit cannot look at: faults of the disk, callers that go away,
//! values that nobody wrote, and what an erasure leaves.

mod cancellation;
mod decoding;
mod erasure;
mod faults;
mod samples;
mod test_disk;
