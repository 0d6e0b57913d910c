//! Fair reads: lists, searches and counts take turns, fairly between shops.
//!
//! A search can take a second, and a key can send hundreds. Without turns, they would take every
//! reader or connection of the store, and everything else would wait behind them. So only a few run
//! at the same time ([`turns`]), and the store keeps a reader or connection for everything else.

mod turns;

use hexdesk_domain::{
    ApiKeyStore, ArchiveStore, CommentStore, CredentialStore, CustomerStore, DeliveryStore, EventStore,
    FigureStore, IdRangeStore, Readiness, RetentionStore, SavedReplyStore, SearchStore, SessionStore,
    ShopStore, StoreCapabilities, TicketStore, UserStore, WebhookStore, forward,
};

use turns::Turns;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use turns::current_turn;

/// A store whose lists, searches and counts of a shop take turns. Every other call goes to the inner
/// store at once: single resources by id, keys, readiness and writes.
///
/// - **Turns.** At most `turns` of these reads run at the same time. One shop has at most
///   `turns - 1` of them, and at least one. So a read of another shop does not wait for them.
/// - **Fairness.** The other reads wait in a line for each shop. Shops take turns, one read each.
/// - **Bounds.** At most 1,024 reads wait, and at most 256 of one shop. Further reads fail as
///   [`Unavailable`](hexdesk_domain::StorageErrorKind::Unavailable) at once. When the line of all
///   shops is full, the shop with the most waiting reads loses its newest.
/// - **Dropped callers.** A waiting read leaves its line and is never begun. A running one is
///   dropped, and gives back its turn. On SQLite and PostgreSQL, it gives back its turn once the
///   database has stopped it. So abandoned reads never take more threads or connections than turns.
///
/// The store should serve more calls at the same time than it has turns.
pub struct FairReads<S> {
    store: S,
    turns: Turns,
}

impl<S> FairReads<S> {
    /// Lets this many reads run at the same time: at least one.
    pub fn new(store: S, turns: usize) -> Self {
        Self { store, turns: Turns::new(turns.max(1)) }
    }
}

impl<S: ShopStore> ShopStore for FairReads<S> {
    forward!(store: create_shop, create_shop_from, find_shop, list_shops, change_shop);
}

impl<S: CustomerStore> CustomerStore for FairReads<S> {
    forward!(store: create_customer, find_customer, update_customer, merge_customers, find_merged_customer, erase_customer);
    forward!(store, in turns: list_customers, count_customers);
}

impl<S: UserStore> UserStore for FairReads<S> {
    forward!(store: create_user, find_user, update_user);
    forward!(store, in turns: list_users, count_users);
}

impl<S: TicketStore> TicketStore for FairReads<S> {
    forward!(store: create_tickets, find_ticket, update_ticket, delete_ticket);
    forward!(store, in turns: list_tickets, count_tickets);
}

impl<S: CommentStore> CommentStore for FairReads<S> {
    forward!(store: create_comments, update_comment, delete_comment);
    forward!(store, in turns: list_comments, count_comments);
}

impl<S: SearchStore> SearchStore for FairReads<S> {
    forward!(store, in turns: search_tickets);
}

impl<S: StoreCapabilities> StoreCapabilities for FairReads<S> {
    forward!(store: capabilities);
}

impl<S: ApiKeyStore> ApiKeyStore for FairReads<S> {
    forward!(store: create_key, find_key, revoke_key, rotate_key);
    forward!(store, in turns: list_keys, count_keys);
}

impl<S: WebhookStore> WebhookStore for FairReads<S> {
    forward!(store: create_webhook, find_webhook, list_webhooks, update_webhook, delete_webhook);
}

impl<S: DeliveryStore> DeliveryStore for FairReads<S> {
    forward!(store: list_due_webhooks, plan_deliveries, claim_deliveries, settle_deliveries, replay_deliveries, note_test);
    forward!(store, in turns: list_attempts, count_events);
}

impl<S: CredentialStore> CredentialStore for FairReads<S> {
    forward!(store: create_link, find_link, set_password, set_role, find_credential, find_credentials);
}

impl<S: SessionStore> SessionStore for FairReads<S> {
    forward!(store: create_session, find_session, note_session_use, end_session);
}

impl<S: SavedReplyStore> SavedReplyStore for FairReads<S> {
    forward!(store: create_saved_reply, find_saved_reply, list_saved_replies, update_saved_reply);
    forward!(store: delete_saved_reply);
}

impl<S: EventStore> EventStore for FairReads<S> {
    forward!(store: find_log_end);
    forward!(store, in turns: list_events);
}

impl<S: FigureStore> FigureStore for FairReads<S> {
    forward!(store, in turns: count_day, count_open_tickets);
}

impl<S: RetentionStore> RetentionStore for FairReads<S> {
    forward!(store: remove_idempotency_records, remove_events, remove_attempts);
}

impl<S: ArchiveStore> ArchiveStore for FairReads<S> {
    forward!(store: read_archive, begin_load, find_load, load_entries, finish_load, discard_load);
}

impl<S: IdRangeStore> IdRangeStore for FairReads<S> {
    forward!(store: reserve_id_range);
}

impl<S: Readiness> Readiness for FairReads<S> {
    forward!(store: check_ready);
}
