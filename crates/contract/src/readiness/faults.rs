use hexdesk_domain::StorageErrorKind;

use crate::faulty::{Fault, failure, fault};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        fault("READY-1", "The store is never ready.")
            .check_ready(|_| Err(failure(StorageErrorKind::Unavailable, "check_ready"))),
    ]
}
