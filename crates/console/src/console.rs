//! The use cases and ports behind the pages.

use std::future::{Ready, ready};
use std::sync::{Arc, OnceLock};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::BoxFuture;
use hexdesk_domain::{
    AcceptInvitation, ApiKey, ApiKeyStore, Attempt, Clock, CommentStore, CreateComment, CreateTicket,
    DeliveryStore, EventPosition, EventStore, Invite, ManageApiKeys, ManageSavedReplies, ManageUsers,
    ManageWebhooks, Members, ReadFigures, SavedReplyStore, SearchStore, SecretHash, Sessions, ShopId, SignIn,
    StorageError, TicketStore, UpdateTicket, UserStore, Webhook, WebhookStore,
};

use crate::{DemoAccount, Failure};

/// The use cases and ports behind the pages. They are those of the HTTP API.
#[derive(Clone)]
#[allow(missing_docs, reason = "each is named by its type")]
pub struct Console {
    pub tickets: Arc<dyn TicketStore>,
    pub comments: Arc<dyn CommentStore>,
    pub users: Arc<dyn UserStore>,
    /// Absent if the store lacks this capability.
    pub search: Option<Arc<dyn SearchStore>>,
    pub saved_replies: Arc<dyn SavedReplyStore>,
    pub manage_saved_replies: ManageSavedReplies,
    pub figures: ReadFigures,
    pub create_ticket: CreateTicket,
    pub update_ticket: UpdateTicket,
    pub create_comment: CreateComment,
    pub sign_in: SignIn,
    pub sessions: Sessions,
    pub accept_invitation: AcceptInvitation,
    /// The account of a demo, once it is there.
    pub demo: Arc<OnceLock<DemoAccount>>,
    pub members: Members,
    pub invite: Invite,
    pub manage_users: ManageUsers,
    pub api_keys: Arc<dyn ApiKeyStore>,
    pub manage_api_keys: ManageApiKeys,
    pub key_texts: KeyTexts,
    /// Absent if the server was built without webhooks.
    pub webhooks: Option<ConsoleWebhooks>,
    pub events: Arc<dyn EventStore>,
    /// Names a position in the event log for the page's event stream.
    pub live_place: fn(ShopId, EventPosition) -> String,
    pub clock: Arc<dyn Clock>,
}

/// How the texts of API keys are made. They are shown once.
#[derive(Clone, Copy)]
pub struct KeyTexts {
    /// Returns the secret of a new key.
    pub new_secret: fn() -> Result<NewKeySecret, Failure>,
    /// Returns the text of a key up to its secret.
    pub beginning: fn(&ApiKey) -> String,
}

/// The secret of a new key.
pub struct NewKeySecret {
    /// Its hash.
    pub hash: SecretHash,
    /// Returns the text of the key that was created with it.
    pub text: Box<dyn FnOnce(&ApiKey) -> String + Send>,
}

/// The secret of a webhook.
pub struct NewWebhookSecret {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its text, which is shown once.
    pub text: String,
}

/// Sends a test to a webhook, and returns the attempt. `None` if the webhook was deleted meanwhile.
pub type TestWebhook =
    Arc<dyn Fn(Webhook) -> BoxFuture<'static, Result<Option<Attempt>, Failure>> + Send + Sync>;

/// What the pages of webhooks use.
#[derive(Clone)]
#[allow(missing_docs, reason = "each is named by its type")]
pub struct ConsoleWebhooks {
    pub manage: ManageWebhooks,
    pub store: Arc<dyn WebhookStore>,
    pub deliveries: Arc<dyn DeliveryStore>,
    pub new_secret: fn() -> Result<NewWebhookSecret, Failure>,
    pub test: TestWebhook,
}

impl Console {
    /// The present end of the shop's event log, for the page's event stream.
    pub(crate) async fn place(&self, shop: ShopId) -> Result<String, StorageError> {
        Ok((self.live_place)(shop, self.events.find_log_end(shop).await?))
    }
}

impl FromRequest for Console {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(Failure::overloaded))
    }
}
