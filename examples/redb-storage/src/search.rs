use hexdesk_domain::SearchStore;

use crate::RedbStorage;

/// redb has no text search. The trait's default method returns `None`, and `tests/contract.rs`
/// declares the lack to the kit.
impl SearchStore for RedbStorage {}
