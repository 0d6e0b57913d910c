//! The obligations on the event log.
//!
//! A store may hold an event back for a while. So each case makes a last change and reads the log
//! once that change is in it.

mod erasure;
mod filters;
mod kinds;
mod pages;
mod silence;
mod snapshots;
mod stamps;
mod walk;

pub use self::erasure::event_11_erasure_takes_the_customers_snapshots;
pub use self::filters::event_17_conditions_bound_what_is_listed;
pub use self::kinds::{
    event_1_creating_tickets_is_logged, event_2_changing_and_deleting_a_ticket_is_logged,
    event_3_creating_comments_is_logged, event_4_creating_and_changing_a_customer_is_logged,
    event_5_erasing_a_customer_is_logged, event_6_creating_and_changing_a_user_is_logged,
    event_7_making_and_ending_keys_is_logged, event_18_changing_a_shop_is_logged,
};
pub use self::pages::event_12_pages_hold_every_event_once;
pub use self::silence::event_8_what_changes_nothing_is_not_logged;
pub use self::snapshots::event_10_snapshots_are_what_is_found;
pub use self::stamps::event_9_event_says_who_and_when;
pub(crate) use self::walk::walk;
