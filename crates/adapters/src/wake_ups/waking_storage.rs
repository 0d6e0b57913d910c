//! A storage whose writes wake the readers of the log.

use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome, CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{
    ApiKeyStore, ArchiveStore, CommentStore, CredentialStore, CustomerStore, DeliveryStore, EventStore,
    FigureStore, IdRangeStore, IdempotentOutcome, Readiness, RetentionStore, SavedReplyStore, SearchStore,
    SessionStore, ShopId, ShopStore, Storage, StorageError, StoreCapabilities, TicketStore, UserStore,
    WebhookStore, forward,
};

use super::LogWakeUps;

/// A storage that wakes the readers of a shop's log after each write of the shop. All other calls go
/// to the inner storage unchanged.
pub struct WakingStorage {
    storage: Arc<dyn Storage>,
    wake_ups: Arc<LogWakeUps>,
}

impl WakingStorage {
    /// Wakes these readers after writes to this storage.
    pub fn new(storage: Arc<dyn Storage>, wake_ups: Arc<LogWakeUps>) -> Self {
        Self { storage, wake_ups }
    }

    /// Makes a call that may write for these shops, and wakes their readers.
    async fn write<T>(&self, mut shops: Vec<ShopId>, call: impl Future<Output = T>) -> T {
        let outcome = call.await;
        // A batch often has many items of one shop.
        shops.dedup();
        for shop in shops {
            self.wake_ups.wake(shop);
        }
        outcome
    }
}

impl ShopStore for WakingStorage {
    // Only the command line changes shops. The sweep finds what other processes write.
    forward!(storage: create_shop, create_shop_from, find_shop, list_shops, change_shop);
}

impl CustomerStore for WakingStorage {
    forward!(storage: find_customer, list_customers, count_customers, find_merged_customer);
    forward!(storage, in wake_ups: create_customer, update_customer, merge_customers, erase_customer);
}

impl UserStore for WakingStorage {
    forward!(storage: find_user, list_users, count_users);
    forward!(storage, in wake_ups: create_user, update_user);
}

#[async_trait]
impl TicketStore for WakingStorage {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        let shops = batch.iter().map(|item| item.ticket.shop_id).collect();
        self.write(shops, self.storage.create_tickets(batch)).await
    }

    forward!(storage: find_ticket, list_tickets, count_tickets);
    forward!(storage, in wake_ups: update_ticket, delete_ticket);
}

#[async_trait]
impl CommentStore for WakingStorage {
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        let shops = batch.iter().map(|item| item.comment.shop_id).collect();
        self.write(shops, self.storage.create_comments(batch)).await
    }

    forward!(storage: list_comments, count_comments);
    forward!(storage, in wake_ups: update_comment, delete_comment);
}

impl SearchStore for WakingStorage {
    forward!(storage: search_tickets);
}

impl StoreCapabilities for WakingStorage {
    forward!(storage: capabilities);
}

impl ApiKeyStore for WakingStorage {
    forward!(storage: find_key, list_keys, count_keys);
    forward!(storage, in wake_ups: create_key, revoke_key, rotate_key);
}

impl WebhookStore for WakingStorage {
    forward!(storage: find_webhook, list_webhooks);
    forward!(storage, in wake_ups: create_webhook, update_webhook, delete_webhook);
}

impl DeliveryStore for WakingStorage {
    forward!(storage: list_due_webhooks, plan_deliveries, claim_deliveries, list_attempts, count_events);
    forward!(storage: replay_deliveries);
    // Their outcomes can disable the webhook, which is an event.
    forward!(storage, in wake_ups: settle_deliveries, note_test);
}

impl CredentialStore for WakingStorage {
    forward!(storage: find_link, find_credential, find_credentials);
    forward!(storage, in wake_ups: create_link, set_password, set_role);
}

impl SessionStore for WakingStorage {
    forward!(storage: create_session, find_session, note_session_use, end_session);
}

impl SavedReplyStore for WakingStorage {
    forward!(storage: create_saved_reply, find_saved_reply, list_saved_replies, update_saved_reply);
    forward!(storage: delete_saved_reply);
}

impl EventStore for WakingStorage {
    forward!(storage: list_events, find_log_end);
}

impl FigureStore for WakingStorage {
    forward!(storage: count_day, count_open_tickets);
}

impl RetentionStore for WakingStorage {
    forward!(storage: remove_idempotency_records, remove_events, remove_attempts);
}

impl ArchiveStore for WakingStorage {
    forward!(storage: read_archive, begin_load, find_load, load_entries, discard_load);
    // What is due is due from now on.
    forward!(storage, in wake_ups: finish_load);
}

impl IdRangeStore for WakingStorage {
    forward!(storage: reserve_id_range);
}

impl Readiness for WakingStorage {
    forward!(storage: check_ready);
}
