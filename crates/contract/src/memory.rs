//! The reference store: the obligations as plain maps.

mod api_keys;
mod archive;
mod comment_changes;
mod comments;
mod credentials;
mod customers;
mod deliveries;
mod events;
mod figures;
mod id_ranges;
mod idempotency;
mod retention;
mod saved_replies;
mod search;
mod sessions;
mod shops;
mod ticket_changes;
mod tickets;
mod users;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::anyhow;
use async_trait::async_trait;
use hexdesk_domain::{
    ApiKey, Attempt, Capabilities, Comment, CommentId, Credential, Customer, CustomerId, DeliveryQueue,
    Event, EventPosition, HumanTicket, HumanTicketId, KeyNumber, NodeNumber, Readiness, SavedReply,
    SavedReplyId, SessionLife, Shop, ShopCounters, ShopId, StorageError, StorageErrorKind, StoreCapabilities,
    TicketId, Timestamp, User, UserId, Webhook, WebhookId,
};

#[cfg(test)]
pub(crate) use archive::{Load, MemoryArchive};
#[cfg(test)]
pub(crate) use idempotency::{IdempotencyRecord, RecordKey, record_key};
#[cfg(test)]
pub(crate) use search::TicketWords;
#[cfg(test)]
pub(crate) use tickets::StoredTicket;

/// Storage in the memory of one process.
///
/// It meets every obligation except durability. If the text of an obligation is unclear, this code
/// decides. The rules themselves are methods of the domain. Each method holds one lock from start
/// to end, so commands are atomic and ordered.
#[derive(Debug, Default)]
pub struct MemoryStorage(Mutex<State>);

/// Everything that is stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) shops: BTreeMap<ShopId, Shop>,
    pub(crate) customers: BTreeMap<(ShopId, CustomerId), Customer>,
    /// Merged customers, and the customers into whom they were merged.
    pub(crate) merged_customers: BTreeMap<(ShopId, CustomerId), CustomerId>,
    /// Their numbers are never assigned again.
    pub(crate) erased_customers: BTreeSet<(ShopId, CustomerId)>,
    pub(crate) users: BTreeMap<(ShopId, UserId), User>,
    pub(crate) tickets: BTreeMap<(ShopId, TicketId), tickets::StoredTicket>,
    pub(crate) comments: BTreeMap<(ShopId, CommentId), Comment>,
    pub(crate) human_tickets: BTreeMap<(ShopId, HumanTicketId), HumanTicket>,
    pub(crate) idempotency_records: BTreeMap<idempotency::RecordKey, idempotency::IdempotencyRecord>,
    pub(crate) api_keys: BTreeMap<(ShopId, KeyNumber), ApiKey>,
    pub(crate) webhooks: BTreeMap<(ShopId, WebhookId), Webhook>,
    pub(crate) deliveries: BTreeMap<(ShopId, WebhookId), DeliveryQueue>,
    pub(crate) attempts: BTreeMap<(ShopId, WebhookId, i64), Attempt>,
    pub(crate) credentials: BTreeMap<(ShopId, UserId), Credential>,
    /// The users and the lives of sessions, by the hash of the token.
    pub(crate) sessions: BTreeMap<(ShopId, [u8; 32]), (UserId, SessionLife)>,
    pub(crate) saved_replies: BTreeMap<(ShopId, SavedReplyId), SavedReply>,
    /// Each shop's log, oldest first.
    pub(crate) events: BTreeMap<ShopId, Vec<Event>>,
    /// The customers to whom the objects of earlier events were moved.
    pub(crate) moved_events: BTreeMap<(ShopId, EventPosition), CustomerId>,
    /// The number of changes in each shop. Removing events does not lower it.
    pub(crate) changes: BTreeMap<ShopId, i64>,
    /// The last removed event of each log from which events were removed.
    pub(crate) log_beginnings: BTreeMap<ShopId, EventPosition>,
    pub(crate) id_range_ends: BTreeMap<NodeNumber, Timestamp>,
    pub(crate) loads: BTreeMap<ShopId, archive::Load>,
    /// The counters of shops that were loaded.
    pub(crate) loaded_counters: BTreeMap<ShopId, ShopCounters>,
}

impl MemoryStorage {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    #[cfg(test)]
    pub(crate) fn of(state: State) -> Self {
        Self(Mutex::new(state))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Only a failed allocation can panic under the lock. The state is still usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unexpected(operation: &'static str, reason: &'static str) -> StorageError {
    StorageError::new(StorageErrorKind::Unexpected, operation, anyhow!(reason))
}

/// The number after the largest in use.
fn next_number(numbers: impl Iterator<Item = i64>) -> i64 {
    numbers.max().map_or(1, |largest| largest.saturating_add(1))
}

#[async_trait]
impl Readiness for MemoryStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        Ok(())
    }
}

impl StoreCapabilities for MemoryStorage {
    fn capabilities(&self) -> Capabilities {
        Capabilities::NONE.with_text_search()
    }
}
