//! Whether the key of a long request still admits its client.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use hexdesk_domain::{Actor, Principal, Timestamp};
use tokio::time::Instant;

use crate::services::Services;

/// The time between two lookups of a key. With the lookup, it is less than 5 seconds.
const CHECK_EVERY: Duration = Duration::from_secs(4);

/// Checks a key again and again. A revoked key, and the key of a closed shop, admit nobody 5 seconds
/// later. An expired key admits nobody. The same holds for a session that has ended.
pub(super) struct KeyCheck {
    services: Arc<Services>,
    principal: Principal,
    /// The token of the session, for a page of the console.
    #[cfg(feature = "console")]
    session: Option<String>,
    expires_at: Option<Timestamp>,
    next: Instant,
}

impl KeyCheck {
    /// Checks the key of this principal, or the session of this request, from now on.
    pub(super) fn new(services: Arc<Services>, principal: Principal, request: &HttpRequest) -> Self {
        #[cfg(not(feature = "console"))]
        let _ = request;
        Self {
            services,
            principal,
            #[cfg(feature = "console")]
            session: hexdesk_console::session_token(request).map(str::to_owned),
            expires_at: None,
            next: Instant::now(),
        }
    }

    /// Returns whether the session admits its client.
    async fn has_session(&self) -> bool {
        #[cfg(feature = "console")]
        if let Some(token) = &self.session {
            return match self.services.console.sessions.find(token).await {
                Ok(session) => session.is_some(),
                Err(error) => {
                    tracing::warn!(%error, "cannot check the session of a stream; trying again");
                    true
                }
            };
        }
        false
    }

    /// Returns whether the key admits its client now. Looks it up if the last lookup was long ago. If
    /// the store fails, the last answer counts.
    pub(super) async fn is_admitted(&mut self) -> bool {
        if Instant::now() >= self.next {
            self.next = Instant::now() + CHECK_EVERY;
            let Actor::ApiKey { number, .. } = self.principal.actor else { return self.has_session().await };
            match self.services.api_keys.find_key(self.principal.shop.id, number).await {
                Ok(Some((key, shop))) if key.revoked_at.is_none() && shop.closed_at.is_none() => {
                    self.expires_at = key.expires_at;
                }
                Ok(_) => return false,
                Err(error) => tracing::warn!(%error, "cannot check the key of a stream; trying again"),
            }
        }
        self.time_left().is_none_or(|left| !left.is_zero())
    }

    /// Returns when to check again.
    pub(super) fn next(&self) -> Instant {
        self.time_left().map_or(self.next, |left| self.next.min(Instant::now() + left))
    }

    fn time_left(&self) -> Option<Duration> {
        let left = self.expires_at?.unix_millis() - self.services.clock.now().unix_millis();
        Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }
}
