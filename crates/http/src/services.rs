//! The services behind the routes. They are wired once.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use hexdesk_adapters::{ApiKeyAuthenticator, Batches, GroupCommit, LogWakeUps, SystemClock, WakingStorage};
#[cfg(feature = "console")]
use hexdesk_adapters::{Argon2Hasher, RandomTokens};
#[cfg(feature = "console")]
use hexdesk_console::Console;
#[cfg(feature = "webhooks")]
use hexdesk_domain::ports::WakeUps;
#[cfg(feature = "console")]
use hexdesk_domain::{
    AcceptInvitation, Invite, ManageSavedReplies, Members, PasswordHasher, ReadFigures, Sessions, SignIn,
    TokenSource,
};
use hexdesk_domain::{
    ApiKeyStore, AuditStamp, Authenticator, Clock, CommentStore, CreateComment, CreateCustomer, CreateTicket,
    CustomerId, CustomerStore, EventStore, ManageApiKeys, ManageUsers, MergeCustomers, Principal, Readiness,
    SearchStore, ShopId, Storage, StorageError, StorageErrorKind, TicketIdsExhausted, TicketStore,
    UpdateComment, UpdateCustomer, UpdateTicket, UserStore,
};
#[cfg(feature = "webhooks")]
use hexdesk_domain::{
    DeliveryStore, ManageWebhooks, Retention, SecretSealer, TicketIdSource, WebhookId, WebhookStore,
};
#[cfg(feature = "webhooks")]
use hexdesk_webhooks::{Sender, SenderLimits, SenderPorts, WebhookClient};
use tokio::runtime::Handle;

#[cfg(feature = "console")]
use crate::console::ConsoleSettings;
use crate::events::stream::Feeds;
use crate::idempotency::KeysInUse;
use crate::limits::Limits;
use crate::problem::Problem;
use crate::rate_limits::RateLimits;
use crate::retention::{RetentionKeeper, RetentionSettings};
use crate::ticket_ids::{RangeKeeper, ReservedTicketIds};
#[cfg(feature = "webhooks")]
use crate::webhooks::{messages::EventMessages, settings::WebhookSettings};

/// The use cases and ports behind the routes.
pub(crate) struct Services {
    /// Authenticates keys.
    pub(crate) authenticator: Arc<dyn Authenticator>,
    /// Creates tickets.
    pub(crate) create_ticket: CreateTicket,
    /// Changes tickets.
    pub(crate) update_ticket: UpdateTicket,
    pub(crate) update_comment: UpdateComment,
    /// Finds, lists and deletes tickets.
    pub(crate) tickets: Arc<dyn TicketStore>,
    /// Creates comments.
    pub(crate) create_comment: CreateComment,
    /// Lists comments.
    pub(crate) comments: Arc<dyn CommentStore>,
    /// Creates customers.
    pub(crate) create_customer: CreateCustomer,
    /// Changes customers.
    pub(crate) update_customer: UpdateCustomer,
    /// Merges customers.
    pub(crate) merge_customers: MergeCustomers,
    /// Finds, lists and erases customers.
    pub(crate) customers: Arc<dyn CustomerStore>,
    /// Creates and changes users.
    pub(crate) manage_users: ManageUsers,
    /// Finds and lists users.
    pub(crate) users: Arc<dyn UserStore>,
    /// Creates, rotates and revokes API keys.
    pub(crate) manage_api_keys: ManageApiKeys,
    /// Finds and lists API keys.
    pub(crate) api_keys: Arc<dyn ApiKeyStore>,
    /// Reads the event log.
    pub(crate) events: Arc<dyn EventStore>,
    /// The latest events of each shop with streams.
    pub(crate) feeds: Feeds,
    /// Searches tickets, unless the store lacks this capability.
    pub(crate) search: Option<Arc<dyn SearchStore>>,
    /// The rate limits of keys, if there are any.
    pub(crate) rate_limits: Option<RateLimits>,
    /// The clock.
    pub(crate) clock: Arc<dyn Clock>,
    /// Checks whether the store can serve.
    pub(crate) readiness: Arc<dyn Readiness>,
    /// The idempotency keys of requests that are running in this process.
    pub(crate) keys_in_use: KeysInUse,
    /// The use cases behind the console's pages.
    #[cfg(feature = "console")]
    pub(crate) console: Console,
    #[cfg(feature = "console")]
    pub(crate) console_settings: ConsoleSettings,
    /// Manages, tests and replays webhooks.
    #[cfg(feature = "webhooks")]
    pub(crate) webhooks: WebhookServices,
}

/// What the routes of webhooks use. The sender has the same sealer and client.
#[cfg(feature = "webhooks")]
pub(crate) struct WebhookServices {
    /// Creates, changes, rotates and replays webhooks.
    pub(crate) manage: ManageWebhooks,
    /// Finds, lists and deletes webhooks.
    pub(crate) store: Arc<dyn WebhookStore>,
    /// Lists attempts, and notes tests.
    pub(crate) deliveries: Arc<dyn DeliveryStore>,
    /// Opens secrets.
    pub(crate) sealer: Arc<dyn SecretSealer>,
    /// Makes attempts.
    pub(crate) client: Arc<WebhookClient>,
}

#[cfg(feature = "webhooks")]
impl WebhookServices {
    /// Wires them to a storage.
    pub(crate) fn on(
        storage: &Arc<dyn Storage>,
        settings: &WebhookSettings,
        database_url: &str,
        retention: Retention,
        ids: Arc<dyn TicketIdSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let sealer: Arc<dyn SecretSealer> = Arc::new(settings.secret_key.sealer(database_url));
        let client = Arc::new(settings.client(clock.clone()));
        let allowed = Arc::new(settings.allowed());
        let stores: (Arc<dyn WebhookStore>, Arc<dyn DeliveryStore>) = (storage.clone(), storage.clone());
        let (store, deliveries) = stores.clone();
        let manage = ManageWebhooks::new(stores, sealer.clone(), ids, clock, allowed, retention);
        Self { manage, store, deliveries, sealer, client }
    }

    /// Returns the version of a webhook of the shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    pub(crate) async fn version(&self, shop: ShopId, id: WebhookId) -> Result<Option<i64>, StorageError> {
        Ok(self.store.find_webhook(shop, id).await?.map(|webhook| webhook.version))
    }
}

impl Services {
    /// Wires the services to a storage, and starts the background tasks.
    ///
    /// # Errors
    /// If the storage cannot reserve ticket ids, or a limit is invalid.
    pub(crate) async fn on(
        storage: Arc<dyn Storage>,
        batches: Batches,
        limits: &Limits,
        retention: &RetentionSettings,
        #[cfg(feature = "console")] console_settings: &ConsoleSettings,
        #[cfg(feature = "webhooks")] (webhooks, database_url): (&WebhookSettings, &str),
    ) -> anyhow::Result<(Self, Background)> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let wake_ups = Arc::new(LogWakeUps::new(storage.clone(), Handle::current()));
        let storage: Arc<dyn Storage> = Arc::new(WakingStorage::new(storage, wake_ups.clone()));
        let (ids, range_keeper) = ReservedTicketIds::start(storage.clone(), clock.clone()).await?;
        let retention_keeper = retention.enforce(storage.clone(), clock.clone());
        let grouped =
            Arc::new(GroupCommit::new(storage.clone(), storage.clone(), batches, Handle::current()));
        #[cfg(feature = "webhooks")]
        let webhooks = WebhookServices::on(
            &storage,
            webhooks,
            database_url,
            retention.retention(),
            ids.clone(),
            clock.clone(),
        );
        let update_ticket = UpdateTicket::new(storage.clone(), clock.clone());
        let create_ticket = CreateTicket::new(grouped.clone(), clock.clone(), ids.clone());
        let create_comment = CreateComment::new(grouped, clock.clone(), ids.clone());
        let manage_users = ManageUsers::new(storage.clone(), clock.clone());
        let manage_api_keys = ManageApiKeys::new(storage.clone(), clock.clone());
        let search = storage.capabilities().text_search.then(|| storage.clone() as Arc<dyn SearchStore>);
        #[cfg(feature = "console")]
        let hasher: Arc<dyn PasswordHasher> = Arc::new(Argon2Hasher::new()?);
        #[cfg(feature = "console")]
        let tokens: Arc<dyn TokenSource> = Arc::new(RandomTokens);
        #[cfg(feature = "console")]
        let console = Console {
            tickets: storage.clone(),
            comments: storage.clone(),
            users: storage.clone(),
            events: storage.clone(),
            search: search.clone(),
            create_ticket: create_ticket.clone(),
            update_ticket: update_ticket.clone(),
            figures: ReadFigures::new(storage.clone(), storage.clone(), clock.clone()),
            saved_replies: storage.clone(),
            manage_saved_replies: ManageSavedReplies::new(storage.clone(), ids.clone(), clock.clone()),
            sign_in: SignIn::new(
                storage.clone(),
                (storage.clone(), storage.clone()),
                hasher.clone(),
                tokens.clone(),
                clock.clone(),
            ),
            sessions: Sessions::new(storage.clone(), tokens.clone(), clock.clone()),
            accept_invitation: AcceptInvitation::new(
                storage.clone(),
                storage.clone(),
                hasher,
                tokens.clone(),
                clock.clone(),
            ),
            members: Members::new(storage.clone(), storage.clone()),
            invite: Invite::new(storage.clone(), storage.clone(), tokens, clock.clone()),
            manage_users: manage_users.clone(),
            api_keys: storage.clone(),
            manage_api_keys: manage_api_keys.clone(),
            key_texts: crate::console::KEY_TEXTS,
            #[cfg(feature = "webhooks")]
            webhooks: Some(crate::console::webhooks(&webhooks, &clock)),
            #[cfg(not(feature = "webhooks"))]
            webhooks: None,
            demo: Arc::default(),
            create_comment: create_comment.clone(),
            live_place: crate::events::cursor,
            clock: clock.clone(),
        };
        let services = Self {
            authenticator: Arc::new(ApiKeyAuthenticator::new(storage.clone(), clock.clone())),
            create_ticket,
            update_ticket,
            update_comment: UpdateComment::new(storage.clone(), clock.clone()),
            tickets: storage.clone(),
            create_comment,
            comments: storage.clone(),
            create_customer: CreateCustomer::new(storage.clone(), clock.clone()),
            update_customer: UpdateCustomer::new(storage.clone(), clock.clone()),
            merge_customers: MergeCustomers::new(storage.clone(), clock.clone()),
            customers: storage.clone(),
            manage_users,
            users: storage.clone(),
            manage_api_keys,
            api_keys: storage.clone(),
            events: storage.clone(),
            feeds: Feeds::new(storage.clone(), wake_ups.clone(), Handle::current()),
            search,
            rate_limits: limits.rate_limits()?,
            clock,
            readiness: storage,
            keys_in_use: KeysInUse::default(),
            #[cfg(feature = "console")]
            console,
            #[cfg(feature = "console")]
            console_settings: console_settings.clone(),
            #[cfg(feature = "webhooks")]
            webhooks,
        };
        let background = Background {
            _range_keeper: range_keeper,
            _retention_keeper: retention_keeper,
            #[cfg(feature = "webhooks")]
            wake_ups,
            #[cfg(feature = "webhooks")]
            sender: None,
        };
        Ok((services, background))
    }

    /// Returns the problem for a customer that the shop does not have: 404, with the new id of a customer
    /// who was merged.
    pub(crate) async fn missing_customer(&self, shop: ShopId, id: CustomerId) -> Problem {
        match self.customers.find_merged_customer(shop, id).await {
            Ok(Some(into)) => Problem::customer_merged(into),
            Ok(None) => Problem::customer_not_found(),
            Err(error) => storage_problem(error),
        }
    }

    /// Returns the audit stamp of a change that the principal makes now.
    pub(crate) fn stamp(&self, principal: &Principal) -> AuditStamp {
        principal.caller().stamp(self.clock.now())
    }
}

/// The background tasks. They run until this is dropped.
pub(crate) struct Background {
    _range_keeper: RangeKeeper,
    _retention_keeper: RetentionKeeper,
    #[cfg(feature = "webhooks")]
    wake_ups: Arc<LogWakeUps>,
    #[cfg(feature = "webhooks")]
    sender: Option<Sender>,
}

impl Background {
    /// Starts sending webhooks.
    #[cfg(feature = "webhooks")]
    pub(crate) fn send_webhooks(&mut self, storage: Arc<dyn Storage>, services: &Services) {
        let ports = SenderPorts {
            deliveries: storage.clone(),
            sealer: services.webhooks.sealer.clone(),
            client: services.webhooks.client.clone(),
            render: Arc::new(EventMessages::new(storage)),
            clock: services.clock.clone(),
        };
        let wake_up = self.wake_ups.listen_to_writes();
        self.sender = Some(Sender::start(ports, SenderLimits::default(), wake_up));
    }

    /// Ends the tasks in an orderly way: attempts of webhooks that end soon are settled.
    pub(crate) async fn stop(self) {
        #[cfg(feature = "webhooks")]
        if let Some(sender) = self.sender {
            sender.stop().await;
        }
    }
}

/// Holds the services once the server has a storage.
#[derive(Default)]
pub(crate) struct Startup(OnceLock<Arc<Services>>);

impl Startup {
    /// Makes the services available to handlers.
    pub(crate) fn complete(&self, services: Services) {
        // The startup is completed only once.
        let _ = self.0.set(Arc::new(services));
    }
}

/// The services, for a handler. Until the server has started, requests get 503 `overloaded`.
pub(crate) struct Started(Arc<Services>);

impl Started {
    /// Returns the services, for work that goes on after the response has begun.
    pub(crate) fn shared(&self) -> Arc<Services> {
        self.0.clone()
    }
}

impl Deref for Started {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

impl FromRequest for Started {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let services = request.app_data::<web::Data<Startup>>().and_then(|startup| startup.0.get());
        ready(services.cloned().map(Self).ok_or_else(Problem::overloaded))
    }
}

/// Returns the problem for a failure of the store. Logs the cause.
pub(crate) fn storage_problem(error: StorageError) -> Problem {
    match error.kind {
        StorageErrorKind::Unavailable => {
            tracing::warn!(error = %error, "the store is not available");
            Problem::overloaded()
        }
        StorageErrorKind::OutcomeUnknown => {
            tracing::error!(error = %error, "the outcome of a write is unknown");
            Problem::outcome_unknown()
        }
        StorageErrorKind::Unexpected => {
            tracing::error!(error = %error, "the store failed");
            Problem::internal()
        }
    }
}

/// Returns the problem for missing ids.
pub(crate) fn ids_problem(error: TicketIdsExhausted) -> Problem {
    tracing::error!(%error, "no ticket id is left");
    Problem::overloaded()
}
