//! A store whose running calls are known, so that a call that never returns has a name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use hexdesk_domain::ports::{
    BeginLoadOutcome, ClaimedDeliveries, CommentCreation, CommentUpdate, CreateCommentOutcome,
    CreateCustomerOutcome, CreateKeyOutcome, CreateSavedReplyOutcome, CreateShopOutcome, CreateTicketOutcome,
    CreateUserOutcome, CreateWebhookOutcome, CredentialOutcome, CustomerMerge, CustomerUpdate,
    DeleteCommentOutcome, DeleteTicketOutcome, DeleteWebhookOutcome, Erased, KeyRotation, LoadEntriesOutcome,
    MergeCustomersOutcome, Replayed, RotateKeyOutcome, SettleOutcome, TicketCreation, TicketUpdate,
    UpdateCommentOutcome, UpdateCustomerOutcome, UpdateTicketOutcome, UpdateUserOutcome,
    UpdateWebhookOutcome, UserUpdate, WebhookUpdate,
};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, ArchiveEntry, ArchiveReader, ArchiveStore, ArchivedShop, Attempt, AuditStamp,
    Capabilities, CommentId, CommentPosition, CommentStore, CommentView, Credential, CredentialStore,
    Customer, CustomerFilter, CustomerId, CustomerStore, Day, DayFigures, DeferredClaim, DeliveryRange,
    DeliveryStore, Event, EventFilter, EventPosition, EventStore, EventsRemoved, FigureStore, IdRange,
    IdRangeStore, IdempotentOutcome, KeyNumber, LinkHolder, NewApiKey, NewAttempt, NewCustomer, NewLink,
    NewSavedReply, NewSession, NewUser, NewWebhook, OpenTickets, Page, PageSize, PasswordHash, Readiness,
    RetentionStore, Role, SavedReply, SavedReplyId, SavedReplyStore, SearchPosition, SearchQuery,
    SearchStore, SecretHash, Session, SessionStore, Settlement, Shop, ShopChange, ShopDomain, ShopId,
    ShopStore, Storage, StorageError, StoreCapabilities, TicketFilter, TicketId, TicketPosition, TicketStore,
    TicketView, Timestamp, User, UserFilter, UserId, UserStore, Webhook, WebhookId, WebhookStore,
};

use crate::methods::for_each_method;

/// The calls that have begun and have not returned. A dropped call is not among them.
#[derive(Default)]
pub(crate) struct RunningCalls(Mutex<Calls>);

#[derive(Default)]
struct Calls {
    begun: u64,
    running: BTreeMap<u64, (&'static str, Instant)>,
}

impl RunningCalls {
    /// The method of the call that has been running the longest, and when it began.
    pub(crate) fn longest(&self) -> Option<(&'static str, Instant)> {
        self.calls().running.values().next().copied()
    }

    fn begin(&self, method: &'static str) -> RunningCall<'_> {
        let mut calls = self.calls();
        calls.begun += 1;
        let number = calls.begun;
        calls.running.insert(number, (method, Instant::now()));
        RunningCall { calls: self, number }
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct RunningCall<'a> {
    calls: &'a RunningCalls,
    number: u64,
}

impl Drop for RunningCall<'_> {
    fn drop(&mut self) {
        self.calls.calls().running.remove(&self.number);
    }
}

/// Notes when a call of the store begins and ends.
pub(crate) struct WatchedStorage {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) calls: Arc<RunningCalls>,
}

macro_rules! watched {
    ($($port:ident {
        $($method:ident($($argument:ident $(by $reference:tt)?: $type:ty),*) -> $result:ty;)+
    })+) => {$(
        #[async_trait]
        impl $port for WatchedStorage {$(
            async fn $method(&self, $($argument: $($reference)? $type),*) -> Result<$result, StorageError> {
                let _running = self.calls.begin(stringify!($method));
                self.storage.$method($($argument),*).await
            }
        )+}
    )+};
}

for_each_method!(watched);

impl StoreCapabilities for WatchedStorage {
    fn capabilities(&self) -> Capabilities {
        self.storage.capabilities()
    }
}
