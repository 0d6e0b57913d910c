//! The signed-in user.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use hexdesk_domain::{Principal, ShopId, User};

use crate::Failure;

/// The user of a session.
#[derive(Debug, Clone)]
pub struct Agent {
    /// The user's shop and rights.
    pub principal: Principal,
    /// The user.
    pub user: User,
}

impl Agent {
    pub(crate) fn shop(&self) -> ShopId {
        self.principal.shop.id
    }
}

impl FromRequest for Agent {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(Failure::internal))
    }
}
