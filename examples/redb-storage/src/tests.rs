//! What the contract kit cannot look at: faults of the disk, callers that go away, and
//! values that nobody wrote.

mod cancellation;
mod decoding;
mod faults;
mod samples;
mod test_disk;
