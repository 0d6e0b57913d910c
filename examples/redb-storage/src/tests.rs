//! What the contract kit cannot look at: faults of the disk, callers that go away,
//! values that nobody wrote, and what is kept for later.

mod cancellation;
mod decoding;
mod faults;
mod receipts;
mod samples;
mod test_disk;
