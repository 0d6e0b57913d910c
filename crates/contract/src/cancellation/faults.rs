//! Faults of calls that are dropped in a gap.

use crate::concurrency::faults::{record_later, write_records};
use crate::faulty::{Fault, fault};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        fault("CANCEL-1", "A ticket is written before its event, and a call is dropped in between.")
            .unlocked(["create_tickets"])
            .writing_events_later(),
        fault("CANCEL-1", "A password is set before its event, and a call is dropped in between.")
            .unlocked(["set_password"])
            .writing_events_later(),
        fault(
            "CANCEL-1",
            "A user is written before the record of its key, and a call is dropped in between.",
        )
        .create_user(|store, shop, new, claim| {
            record_later(store, shop, claim, |state| state.create_user(shop, new))
        })
        .finishing_after_a_gap(write_records),
        fault("CANCEL-1", "A call that is dropped leaves its lock taken.")
            .update_customer(|store, shop, id, update, claim| {
                store.attempt(shop, claim, |store| Ok(store.update_customer(shop, id, update)))
            })
            .locking(),
    ]
}
