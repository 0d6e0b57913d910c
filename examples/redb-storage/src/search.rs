use hexdesk_domain::SearchStore;

use crate::RedbStorage;

/// redb has no text search. The trait's default method says so, and `tests/contract.rs`
/// tells the kit.
impl SearchStore for RedbStorage {}
