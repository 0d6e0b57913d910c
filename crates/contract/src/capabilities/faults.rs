use hexdesk_domain::{Capabilities, StorageErrorKind};

use crate::faulty::{Fault, failure, fault};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        fault("CAPABILITY-1", "A store that searches does not declare it.").declaring(Capabilities::NONE),
        fault("CAPABILITY-1", "A store declares a search that always fails.")
            .search_tickets(|_, _, _, _, _| Err(failure(StorageErrorKind::Unexpected, "search_tickets"))),
        fault("CAPABILITY-1", "A missing search is reported as an outage.")
            .declaring(Capabilities::NONE)
            .search_tickets(|_, _, _, _, _| Err(failure(StorageErrorKind::Unavailable, "search_tickets"))),
    ]
}
