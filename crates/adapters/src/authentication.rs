//! API keys: issuing them, their text, and authentication.

mod cache;
mod issue;
mod key_id;
mod key_text;

use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::ports::AuthenticationError;
use hexdesk_domain::{
    Actor, ApiKey, ApiKeyStore, Authenticator, Clock, Principal, SecretHash, Shop, Timestamp,
};
use subtle::ConstantTimeEq;

use cache::RecognisedKeys;
pub use issue::{IssueKeyError, KeyRequest, issue_key, rotate_key};
pub use key_id::{KeyId, KeyIdError};
pub use key_text::{KeySecret, KeyText, PresentedKey, PresentedKeyError};

/// Authenticates API keys by the hashes in a store.
///
/// A key that the store confirmed is accepted for 5 s without another lookup. The cache holds up to
/// 10,000 keys. So a change to a key or its shop can take effect up to 5 s late. An expiry that the
/// store has returned takes effect to the millisecond.
pub struct ApiKeyAuthenticator {
    store: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
    recognised: RecognisedKeys,
}

impl ApiKeyAuthenticator {
    /// Creates an authenticator for the keys of this store.
    pub fn new(store: Arc<dyn ApiKeyStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, recognised: RecognisedKeys::default() }
    }
}

#[async_trait]
impl Authenticator for ApiKeyAuthenticator {
    async fn authenticate(&self, presented_key: &str) -> Result<Principal, AuthenticationError> {
        let presented = PresentedKey::parse(presented_key)
            .map_err(|PresentedKeyError| AuthenticationError::InvalidKey)?;
        let now = self.clock.now();
        if let Some((key, shop)) = self.recognised.find(&presented, now) {
            return admit(key, shop, now);
        }
        let found = self.store.find_key(presented.id().shop, presented.id().number).await?;
        // A missing key is compared too, so that the response takes the same time.
        let kept_hash = found.as_ref().map_or(SecretHash([0; 32]), |(key, _)| key.secret_hash);
        let is_same: bool = kept_hash.0.ct_eq(&presented.secret_hash().0).into();
        match found {
            Some((key, shop)) if is_same => {
                let principal = admit(key.clone(), shop.clone(), now)?;
                self.recognised.add(presented, key, shop, now);
                Ok(principal)
            }
            _ => Err(AuthenticationError::InvalidKey),
        }
    }
}

/// Returns the principal of a key with the right secret. The key must be live at `now`, and its
/// shop must be open.
fn admit(key: ApiKey, shop: Shop, now: Timestamp) -> Result<Principal, AuthenticationError> {
    if !key.is_live(now) {
        return Err(AuthenticationError::InvalidKey);
    }
    if shop.closed_at.is_some() {
        return Err(AuthenticationError::ShopClosed);
    }
    let actor = Actor::ApiKey { number: key.number, user_id: key.user_id };
    Ok(Principal { shop, actor, scopes: key.scopes, request_id: None })
}
