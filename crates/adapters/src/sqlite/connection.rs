//! Connections to the file, the threads that own them, and the files next to the database.

pub(super) mod disk_space;
pub(super) mod interruption;
pub(super) mod log_keeper;
pub(super) mod read_only;
pub(super) mod slot;
pub(super) mod usage_lock;
pub(super) mod worker_threads;
