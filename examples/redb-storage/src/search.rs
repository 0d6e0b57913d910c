use hexdesk_domain::SearchStore;

use crate::RedbStorage;

/// redb has no text search, and this adapter does not build one: the method is left as it
/// is, and `tests/contract.rs` says so to the kit.
impl SearchStore for RedbStorage {}
