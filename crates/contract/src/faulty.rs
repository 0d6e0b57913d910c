//! Faulty adapters: the reference store with one fault each. They prove that each case can fail.
//!
//! A fault is one entry in a `faults.rs`, in the same directory as the cases of its rule. It has
//! the rule, a sentence, and replacements for methods of the ports.
//! [`FAULTS`](crate::faults::FAULTS) lists all faults.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut, RangeInclusive};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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
    DeliveryStore, Event, EventFilter, EventPosition, EventStore, EventsRemoved, FigureStore, Fingerprint,
    IdRange, IdRangeStore, IdempotencyKey, IdempotencyRequest, IdempotentOutcome, KeyNumber, LinkHolder,
    NewApiKey, NewAttempt, NewCustomer, NewLink, NewSavedReply, NewSession, NewUser, NewWebhook, OpenTickets,
    Page, PageSize, PasswordHash, Readiness, Receipt, RetentionStore, Role, SavedReply, SavedReplyId,
    SavedReplyStore, SearchPosition, SearchQuery, SearchStore, SecretHash, Session, SessionStore, Settlement,
    Shop, ShopChange, ShopDomain, ShopId, ShopStore, StorageError, StorageErrorKind, StoreCapabilities,
    TextBytes, TicketFilter, TicketId, TicketPosition, TicketStore, TicketView, Timestamp, User, UserFilter,
    UserId, UserStore, Webhook, WebhookId, WebhookStore,
};

use crate::memory::{MemoryStorage, State};
use crate::methods::for_each_method;
use crate::{StorageFixture, TestStorage};

/// One way to break a rule.
pub(crate) struct Fault {
    pub(crate) rule: &'static str,
    /// The fault, in one sentence.
    pub(crate) sentence: &'static str,
    /// Whether the property test must find it, too.
    pub(crate) is_found_by_the_model: bool,
    methods: Methods,
    /// Declared instead of the reference store's.
    capabilities: Option<Capabilities>,
    /// The only methods that are written. Every other one fails.
    written: Option<MethodNames>,
    pub(crate) unlocked: MethodNames,
    has_several_writers: bool,
    writes_events_later: bool,
    has_gap: bool,
    has_lock: bool,
    finish: Option<Finish>,
}

/// The second part of a call, after a gap.
#[derive(Clone, Copy)]
enum Finish {
    BeforeReturning(fn(&mut Store<'_>)),
    Never,
    AfterReturning(fn(&mut Store<'_>)),
}

/// Returns a fault without replaced methods.
pub(crate) fn fault(rule: &'static str, sentence: &'static str) -> Fault {
    Fault {
        rule,
        sentence,
        is_found_by_the_model: false,
        methods: Methods::default(),
        capabilities: None,
        written: None,
        unlocked: MethodNames::new(),
        has_several_writers: false,
        writes_events_later: false,
        has_gap: false,
        has_lock: false,
        finish: None,
    }
}

impl Fault {
    pub(crate) fn found_by_the_model(self) -> Self {
        Self { is_found_by_the_model: true, ..self }
    }

    /// Declares these capabilities instead of those of the reference store.
    pub(crate) fn declaring(self, capabilities: Capabilities) -> Self {
        Self { capabilities: Some(capabilities), ..self }
    }

    /// Only these methods are written. Every other one fails.
    pub(crate) fn with_written(self, methods: MethodNames) -> Self {
        Self { written: Some(methods), ..self }
    }

    /// Lets other tasks run before each write that is not replaced, as in a store with several writers.
    pub(crate) fn with_several_writers(self) -> Self {
        Self { has_several_writers: true, ..self }
    }

    /// Runs these methods without locks, in a store with several writers: each call checks a snapshot
    /// from before a gap, and writes its changes after it.
    pub(crate) fn unlocked<const N: usize>(self, methods: [&'static str; N]) -> Self {
        Self { unlocked: methods.into(), ..self.with_several_writers() }
    }

    /// Writes the events of unlocked methods after another gap, in a transaction of their own.
    pub(crate) fn writing_events_later(self) -> Self {
        Self { writes_events_later: true, ..self }
    }

    /// Lets other tasks run before each replaced call. [`Store::earlier`] is the state before that
    /// gap.
    pub(crate) fn after_a_gap(self) -> Self {
        Self { has_gap: true, ..self }
    }

    /// Makes each replaced call with a lock and releases it after a gap. A dropped call keeps it.
    pub(crate) fn locking(self) -> Self {
        Self { has_lock: true, ..self }
    }

    /// Completes each replaced call after a gap and then returns.
    pub(crate) fn finishing_after_a_gap(self, finish: fn(&mut Store<'_>)) -> Self {
        Self { finish: Some(Finish::BeforeReturning(finish)), ..self }
    }

    /// Makes each replaced call and does not return from it.
    pub(crate) fn never_returning(self) -> Self {
        Self { finish: Some(Finish::Never), ..self }
    }

    /// Returns from each replaced call and completes it after a gap.
    pub(crate) fn finishing_in_the_background(self, finish: fn(&mut Store<'_>)) -> Self {
        Self { finish: Some(Finish::AfterReturning(finish)), ..self }
    }
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.rule, self.sentence)
    }
}

/// The argument of a replaced method. Dereferences to the state of the store.
pub(crate) struct Store<'a> {
    pub(crate) state: &'a mut State,
    /// A second state: the one before the gap, or data that the fault keeps between calls.
    pub(crate) earlier: &'a mut State,
}

impl Deref for Store<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.state
    }
}

impl DerefMut for Store<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.state
    }
}

impl Store<'_> {
    /// Runs the operation, unless its idempotency key was used before.
    pub(crate) fn attempt<T>(
        &mut self,
        shop: ShopId,
        claim: Option<DeferredClaim<T>>,
        operation: impl FnOnce(&mut Store<'_>) -> Result<T, StorageError>,
    ) -> Result<IdempotentOutcome<T>, StorageError> {
        let earlier = &mut *self.earlier;
        self.state.attempt(shop, claim, |state| operation(&mut Store { state, earlier }))
    }

    /// Runs the operation on the idempotency records from before the gap.
    pub(crate) fn with_earlier_records<T>(&mut self, operation: impl FnOnce(&mut State) -> T) -> T {
        let earlier = self.earlier.idempotency_records.clone();
        let hidden = std::mem::replace(&mut self.state.idempotency_records, earlier);
        let result = operation(self.state);
        self.state.idempotency_records.extend(hidden);
        result
    }
}

/// The names of methods of the ports.
pub(crate) type MethodNames = BTreeSet<&'static str>;

/// The reference store with a fault.
struct FaultyStorage {
    fault: &'static Fault,
    states: Arc<States>,
    called: Arc<Mutex<Vec<&'static str>>>,
}

#[derive(Default)]
struct States {
    storage: MemoryStorage,
    earlier: MemoryStorage,
    calls_in_gaps: AtomicUsize,
    is_locked: AtomicBool,
}

/// The number of times that a call lets other tasks run in a gap: alone, and with other calls.
const GAP: RangeInclusive<usize> = 100..=1_000;

/// The most tasks of a case that does not race.
const FEW_TASKS: usize = 8;

/// How long a call waits for others that race with it.
const ALONE: Duration = Duration::from_millis(2);

impl States {
    /// Lets other tasks run for a while. Calls that race are in their gaps together.
    async fn gap(&self) {
        struct InGap<'a>(&'a AtomicUsize);

        impl Drop for InGap<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }

        self.calls_in_gaps.fetch_add(1, Ordering::SeqCst);
        // The call may be dropped in the gap.
        let _in_gap = InGap(&self.calls_in_gaps);
        let mut has_waited = false;
        for turn in 0..*GAP.end() {
            if turn >= *GAP.start() && self.calls_in_gaps.load(Ordering::SeqCst) == 1 {
                let is_race = tokio::runtime::Handle::current().metrics().num_alive_tasks() > FEW_TASKS;
                if has_waited || !is_race {
                    break;
                }
                // The other tasks may be on a thread that the machine has stopped.
                tokio::time::sleep(ALONE).await;
                has_waited = true;
            }
            tokio::task::yield_now().await;
        }
    }

    fn run<T>(&self, before_gap: Option<State>, call: impl FnOnce(&mut Store<'_>) -> T) -> T {
        let (mut state, mut kept) = (self.storage.state(), self.earlier.state());
        let mut before_gap = before_gap;
        let earlier = before_gap.as_mut().unwrap_or(&mut kept);
        call(&mut Store { state: &mut state, earlier })
    }
}

impl FaultyStorage {
    fn note_call(&self, method: &'static str) {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).push(method);
    }

    async fn gap_between_writers(&self, method: &str) {
        let is_read =
            ["check_", "count_", "find_", "list_", "search_"].iter().any(|it| method.starts_with(it));
        if self.fault.has_several_writers && !is_read {
            self.states.gap().await;
        }
    }

    async fn run<T>(&self, call: impl FnOnce(&mut Store<'_>) -> T) -> T {
        let before_gap = self.fault.has_gap.then(|| self.states.storage.state().clone());
        if before_gap.is_some() {
            self.states.gap().await;
        }
        if self.fault.has_lock {
            while self.states.is_locked.swap(true, Ordering::SeqCst) {
                tokio::task::yield_now().await;
            }
        }
        let result = self.states.run(before_gap, call);
        if self.fault.has_lock {
            self.states.gap().await;
            self.states.is_locked.store(false, Ordering::SeqCst);
        }
        match self.fault.finish {
            Some(Finish::BeforeReturning(finish)) => {
                self.states.gap().await;
                self.states.run(None, finish);
            }
            Some(Finish::Never) => std::future::pending().await,
            Some(Finish::AfterReturning(finish)) => {
                let states = Arc::clone(&self.states);
                tokio::spawn(async move {
                    states.gap().await;
                    states.run(None, finish);
                });
            }
            None => {}
        }
        result
    }
}

/// For each method of the ports, makes a field for its replacement and a method of [`Fault`] that
/// sets it. The implementation of the port calls the replacement if there is one, else the
/// reference store.
macro_rules! ports {
    ($($port:ident {
        $($method:ident($($argument:ident $(by $reference:tt)?: $type:ty),*) -> $result:ty;)+
    })+) => {
        #[derive(Default)]
        struct Methods {$($(
            $method: Option<Box<
                dyn Fn(&mut Store<'_>, $($($reference)? $type),*) -> Result<$result, StorageError>
                    + Send
                    + Sync,
            >>,
        )+)+}

        /// The ports with their methods.
        #[cfg(test)]
        pub(crate) const PORTS: &[(&str, &[&str])] =
            &[$((stringify!($port), &[$(stringify!($method)),+])),+];

        impl Fault {
            /// The methods with a replacement.
            #[cfg(test)]
            pub(crate) fn replaced_methods(&self) -> MethodNames {
                let methods = [$($(
                    self.methods.$method.as_ref().map(|_| stringify!($method)),
                )+)+];
                methods.into_iter().flatten().chain(self.unlocked.iter().copied()).collect()
            }

            $($(
                #[allow(dead_code, reason = "not every method has a fault")]
                pub(crate) fn $method(
                    mut self,
                    instead: impl Fn(&mut Store<'_>, $($($reference)? $type),*) -> Result<$result, StorageError>
                        + Send
                        + Sync
                        + 'static,
                ) -> Self {
                    self.methods.$method = Some(Box::new(instead));
                    self
                }
            )+)+
        }

        $(
            #[async_trait]
            impl $port for FaultyStorage {$(
                async fn $method(
                    &self,
                    $($argument: $($reference)? $type),*
                ) -> Result<$result, StorageError> {
                    self.note_call(stringify!($method));
                    if self.fault.written.as_ref().is_some_and(|names| !names.contains(stringify!($method))) {
                        return Err(failure(StorageErrorKind::Unexpected, stringify!($method)));
                    }
                    if let Some(instead) = &self.fault.methods.$method {
                        return self.run(|store| instead(store, $($argument),*)).await;
                    }
                    if !self.fault.unlocked.contains(stringify!($method)) {
                        self.gap_between_writers(stringify!($method)).await;
                        return self.states.storage.$method($($argument),*).await;
                    }
                    let before = self.states.storage.state().clone();
                    self.states.gap().await;
                    let writer = MemoryStorage::of(before.clone());
                    let result = writer.$method($($argument),*).await;
                    let after = writer.state().clone();
                    if self.fault.writes_events_later {
                        let rows = State { events: before.events.clone(), ..after.clone() };
                        self.states.storage.state().write_changes(before.clone(), rows);
                        self.states.gap().await;
                    }
                    self.states.storage.state().write_changes(before, after);
                    result
                }
            )+}
        )+
    };
}

for_each_method!(ports);

impl StoreCapabilities for FaultyStorage {
    fn capabilities(&self) -> Capabilities {
        self.fault.capabilities.unwrap_or_else(|| self.states.storage.capabilities())
    }
}

/// For each method with a claim, makes three methods of [`Fault`]. They replace only the operation,
/// change only the claim, or look up the record too early.
macro_rules! claimed_operations {
    ($($operation:ident, $claim:ident, $racing:ident:
        $method:ident($($argument:ident: $type:ty),*) -> $outcome:ty = $reference:expr;
    )+) => {
        impl Fault {$(
            pub(crate) fn $operation(
                self,
                instead: impl Fn(&mut Store<'_>, ShopId, $($type),*) -> Result<$outcome, StorageError>
                    + Send
                    + Sync
                    + 'static,
            ) -> Self {
                self.$method(move |store, shop, $($argument,)* claim| {
                    store.attempt(shop, claim, |store| instead(store, shop, $($argument),*))
                })
            }

            pub(crate) fn $claim(
                self,
                instead: fn(DeferredClaim<$outcome>) -> DeferredClaim<$outcome>,
            ) -> Self {
                let operation: fn(&mut State, ShopId, $($type),*) -> Result<$outcome, StorageError> =
                    $reference;
                self.$method(move |store, shop, $($argument,)* claim| {
                    store.state.attempt(shop, claim.map(instead), |state| {
                        operation(state, shop, $($argument),*)
                    })
                })
            }

            /// Looks up the record before a gap and runs the operation after it.
            #[allow(dead_code, reason = "not every operation has such a fault")]
            pub(crate) fn $racing(self) -> Self {
                let operation: fn(&mut State, ShopId, $($type),*) -> Result<$outcome, StorageError> =
                    $reference;
                self.after_a_gap().$method(move |store, shop, $($argument,)* claim| {
                    store.with_earlier_records(|state| {
                        state.attempt(shop, claim, |state| operation(state, shop, $($argument),*))
                    })
                })
            }
        )+}
    };
}

claimed_operations! {
    customer_creation, customer_creation_claim, racing_customer_creations:
        create_customer(new: NewCustomer) -> CreateCustomerOutcome = State::create_customer;
    customer_update, customer_update_claim, racing_customer_updates:
        update_customer(id: CustomerId, update: CustomerUpdate) -> UpdateCustomerOutcome =
            |state, shop, id, update| Ok(state.update_customer(shop, id, update));
    customer_merge, customer_merge_claim, racing_customer_merges:
        merge_customers(merge: CustomerMerge) -> MergeCustomersOutcome =
            |state, shop, merge| Ok(state.merge_customers(shop, merge));
    user_creation, user_creation_claim, racing_user_creations:
        create_user(new: NewUser) -> CreateUserOutcome = State::create_user;
    user_update, user_update_claim, racing_user_updates:
        update_user(id: UserId, update: UserUpdate) -> UpdateUserOutcome =
            |state, shop, id, update| Ok(state.update_user(shop, id, update));
    ticket_update, ticket_update_claim, racing_ticket_updates:
        update_ticket(id: TicketId, update: TicketUpdate) -> UpdateTicketOutcome = State::update_ticket;
    comment_update, comment_update_claim, racing_comment_updates:
        update_comment(ticket: TicketId, id: CommentId, update: CommentUpdate) -> UpdateCommentOutcome =
            State::update_comment;
    key_creation, key_creation_claim, racing_key_creations:
        create_key(new: NewApiKey) -> CreateKeyOutcome = State::create_key;
    key_rotation, key_rotation_claim, racing_key_rotations:
        rotate_key(number: KeyNumber, rotation: KeyRotation) -> RotateKeyOutcome = State::rotate_key;
    webhook_creation, webhook_creation_claim, racing_webhook_creations:
        create_webhook(webhook: NewWebhook, stamp: AuditStamp) -> CreateWebhookOutcome = State::create_webhook;
    webhook_update, webhook_update_claim, racing_webhook_updates:
        update_webhook(id: WebhookId, update: WebhookUpdate) -> UpdateWebhookOutcome =
            |state, shop, id, update| Ok(state.update_webhook(shop, id, update));
}

/// The longest key of a common database, in bytes.
pub(crate) const KEY_BYTES: usize = 511;

/// Whether a key of this text fits into a common database.
pub(crate) fn fits(text: &str) -> bool {
    text.len() <= KEY_BYTES
}

/// The text without the rest after this many bytes.
pub(crate) fn cut(text: &str, bytes: usize) -> String {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default().to_owned()
}

/// Cuts operations at 32 bytes.
pub(crate) fn cutting_operations<T>(mut claim: DeferredClaim<T>) -> DeferredClaim<T> {
    cut_operation(&mut claim.request);
    claim
}

pub(crate) fn cut_operation(request: &mut IdempotencyRequest) {
    request.operation = cut(&request.operation, 32);
}

/// Joins operation and key with a space.
pub(crate) fn joining_keys<T>(mut claim: DeferredClaim<T>) -> DeferredClaim<T> {
    join_key(&mut claim.request, " ");
    claim
}

/// Joins operation and key to one text.
pub(crate) fn join_key(request: &mut IdempotencyRequest, separator: &str) {
    request.operation += separator;
    request.operation += request.key.as_str();
    if let Ok(same) = IdempotencyKey::parse("joined") {
        request.key = same;
    }
}

/// Keeps a receipt of every outcome.
pub(crate) fn recording_all<T: 'static>(claim: DeferredClaim<T>) -> DeferredClaim<T> {
    let receipt = Arc::clone(&claim.receipt);
    let always = move |outcome: &T| {
        receipt(outcome).or_else(|| Some(Receipt { response: Vec::new(), customer_id: None }))
    };
    DeferredClaim { receipt: Arc::new(always), ..claim }
}

/// Keeps no receipt.
pub(crate) fn recording_nothing<T>(claim: DeferredClaim<T>) -> DeferredClaim<T> {
    DeferredClaim { receipt: Arc::new(|_| None), ..claim }
}

/// Gives every request the same fingerprint.
pub(crate) fn without_fingerprint<T>(mut claim: DeferredClaim<T>) -> DeferredClaim<T> {
    claim.request.fingerprint = Fingerprint([0; 32]);
    claim
}

/// Gives this kind of operation its own keys.
pub(crate) fn kept_apart<T>(mut claim: DeferredClaim<T>) -> DeferredClaim<T> {
    claim.request.operation += " apart";
    claim
}

pub(crate) fn failure(kind: StorageErrorKind, operation: &'static str) -> StorageError {
    StorageError::new(kind, operation, anyhow::anyhow!("by design"))
}

/// Returns the entries after this position. The list may be in a wrong order.
pub(crate) fn rest<T, P: PartialEq>(
    mut list: Vec<(P, T)>,
    after: Option<P>,
    is_after: impl Fn(&P, &P) -> bool,
) -> Vec<(P, T)> {
    if let Some(after) = after {
        match list.iter().position(|(place, _)| *place == after) {
            Some(place) => drop(list.drain(..=place)),
            None => list.retain(|(place, _)| is_after(place, &after)),
        }
    }
    list
}

/// Returns a page that has a next one whenever it holds the maximum number of entries.
pub(crate) fn full_page_goes_on<T: TextBytes, P: Copy>(list: Vec<(P, T)>, size: PageSize) -> Page<T, P> {
    let last = list.last().map(|(place, _)| *place);
    let is_full = u32::try_from(list.len()) == Ok(size.entries);
    let page = Page::cut(list, size);
    if is_full { Page { next: last, ..page } } else { page }
}

/// Opens stores with this fault.
pub(crate) struct FaultyFixture {
    fault: &'static Fault,
    called: Arc<Mutex<Vec<&'static str>>>,
}

impl FaultyFixture {
    pub(crate) fn new(fault: &'static Fault) -> Self {
        Self { fault, called: Arc::default() }
    }

    /// The method of each call of its stores.
    #[cfg(test)]
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl StorageFixture for FaultyFixture {
    async fn open(&self) -> anyhow::Result<TestStorage> {
        let Self { fault, called } = self;
        Ok(TestStorage::new(FaultyStorage { fault, states: Arc::default(), called: called.clone() }))
    }
}
