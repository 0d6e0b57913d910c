use hexdesk_domain::{Capabilities, SearchStore, StoreCapabilities};

use crate::RedbStorage;

/// redb has no text search.
impl StoreCapabilities for RedbStorage {
    fn capabilities(&self) -> Capabilities {
        Capabilities::NONE
    }
}

/// The trait's default method fails. No caller uses it, because the capability is not declared.
impl SearchStore for RedbStorage {}
