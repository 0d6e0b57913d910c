//! A storage that creates tickets and comments through group commit, and reads in turns.

use std::sync::Arc;

use hexdesk_adapters::{Batches, FairReads, GroupCommit};
use hexdesk_domain::{
    ApiKeyStore, ArchiveStore, CommentStore, CredentialStore, CustomerStore, DeliveryStore, EventStore,
    FigureStore, IdRangeStore, Readiness, RetentionStore, SavedReplyStore, SearchStore, SessionStore,
    ShopStore, Storage, StoreCapabilities, TicketStore, UserStore, WebhookStore, forward,
};
use tokio::runtime::Handle;

pub(crate) struct GroupedStorage {
    storage: Arc<dyn Storage>,
    group: GroupCommit,
}

impl GroupedStorage {
    /// Adds fair reads, and group commit on the current runtime, to this storage.
    pub(crate) fn new(storage: impl Storage + 'static) -> Self {
        let storage: Arc<dyn Storage> = Arc::new(FairReads::new(storage, 2));
        Self {
            group: GroupCommit::new(storage.clone(), storage.clone(), Batches::OfAllShops, Handle::current()),
            storage,
        }
    }
}

impl ShopStore for GroupedStorage {
    forward!(storage: create_shop, create_shop_from, find_shop, list_shops, change_shop);
}

impl CustomerStore for GroupedStorage {
    forward!(
        storage: create_customer, find_customer, list_customers, count_customers, update_customer,
        merge_customers,
        find_merged_customer,
        erase_customer,
    );
}

impl UserStore for GroupedStorage {
    forward!(storage: create_user, find_user, list_users, count_users, update_user);
}

impl TicketStore for GroupedStorage {
    forward!(
        group: create_tickets, find_ticket, list_tickets, update_ticket, delete_ticket, count_tickets,
    );
}

impl CommentStore for GroupedStorage {
    forward!(group: create_comments, update_comment, delete_comment, list_comments, count_comments);
}

impl SearchStore for GroupedStorage {
    forward!(storage: search_tickets);
}

impl StoreCapabilities for GroupedStorage {
    forward!(storage: capabilities);
}

impl ApiKeyStore for GroupedStorage {
    forward!(storage: create_key, find_key, list_keys, count_keys, revoke_key, rotate_key);
}

impl WebhookStore for GroupedStorage {
    forward!(storage: create_webhook, find_webhook, list_webhooks, update_webhook, delete_webhook);
}

impl DeliveryStore for GroupedStorage {
    forward!(
        storage: list_due_webhooks, plan_deliveries, claim_deliveries, settle_deliveries, list_attempts,
        count_events, replay_deliveries, note_test
    );
}

impl CredentialStore for GroupedStorage {
    forward!(storage: create_link, find_link, set_password, set_role, find_credential, find_credentials);
}

impl SessionStore for GroupedStorage {
    forward!(storage: create_session, find_session, note_session_use, end_session);
}

impl SavedReplyStore for GroupedStorage {
    forward!(
        storage: create_saved_reply, find_saved_reply, list_saved_replies, update_saved_reply,
        delete_saved_reply
    );
}

impl EventStore for GroupedStorage {
    forward!(storage: list_events, find_log_end);
}

impl FigureStore for GroupedStorage {
    forward!(storage: count_day, count_open_tickets);
}

impl RetentionStore for GroupedStorage {
    forward!(storage: remove_idempotency_records, remove_events, remove_attempts);
}

impl ArchiveStore for GroupedStorage {
    forward!(storage: read_archive, begin_load, find_load, load_entries, finish_load, discard_load);
}

impl IdRangeStore for GroupedStorage {
    forward!(storage: reserve_id_range);
}

impl Readiness for GroupedStorage {
    forward!(storage: check_ready);
}
