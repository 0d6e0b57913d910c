//! The obligations of [`RetentionStore`](hexdesk_domain::RetentionStore).

mod events;
mod idempotency_records;
mod log_bounds;

pub use self::events::retention_3_removes_old_events;
pub use self::idempotency_records::{retention_1_removes_old_records, retention_2_removed_key_is_free};
pub use self::log_bounds::{event_15_no_list_skips_removed_events, event_16_nothing_appears_before_the_end};

pub use crate::deliveries::cases::retention_5_removes_old_attempts;
