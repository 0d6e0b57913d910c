//! The obligations of [`RetentionStore`](hexdesk_domain::RetentionStore).

mod events;
mod idempotency_records;

pub use self::events::retention_3_removes_old_events;
pub use self::idempotency_records::{retention_1_removes_old_records, retention_2_removed_key_is_free};
