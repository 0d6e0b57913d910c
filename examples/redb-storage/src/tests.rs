//! Tests beyond the contract kit: failing disks, cancelled calls, invalid stored values, the layout
//! of stored values, and data left from erased customers.

mod cancellation;
mod decoding;
mod erasure;
mod faults;
mod layout;
mod samples;
mod test_disk;
