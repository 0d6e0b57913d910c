//! Tests beyond the contract kit: failing disks, cancelled calls, invalid stored values, the layout
//! of stored values, data left from erased customers, and the indexes of loaded shops.

mod archive;
mod cancellation;
mod decoding;
mod erasure;
mod faults;
mod layout;
mod samples;
mod test_disk;
