//! The use cases and ports behind the pages.

use std::future::{Ready, ready};
use std::sync::{Arc, OnceLock};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use hexdesk_domain::{
    AcceptInvitation, Clock, CommentStore, CreateComment, CreateTicket, EventPosition, EventStore,
    ManageSavedReplies, ReadFigures, SavedReplyStore, SearchStore, Sessions, ShopId, SignIn, StorageError,
    TicketStore, UpdateTicket, UserStore,
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
    pub events: Arc<dyn EventStore>,
    /// Names a position in the event log for the page's event stream.
    pub live_place: fn(ShopId, EventPosition) -> String,
    pub clock: Arc<dyn Clock>,
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
