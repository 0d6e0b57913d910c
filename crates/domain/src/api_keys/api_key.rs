use std::collections::BTreeSet;

use super::scope::Scope;
use crate::{Actor, AuditStamp, Caller, KeyNumber, RequestId, Shop, ShopId, Timestamp, UserId};

/// SHA-256 of a key's secret. The secret itself is stored nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash(pub [u8; 32]);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretHash(…)")
    }
}

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The shop it belongs to.
    pub shop_id: ShopId,
    /// Its number within the shop.
    pub number: KeyNumber,
    /// The hash of its secret.
    pub secret_hash: SecretHash,
    /// The requests it allows.
    pub scopes: BTreeSet<Scope>,
    /// The user in whose name it writes comments; of the same shop.
    pub user_id: Option<UserId>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires. It allows nothing from then on.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key is live at `now`: not revoked and not expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Makes the key expire at this time, unless it expires earlier.
    pub fn expire_by(&mut self, time: Timestamp) {
        self.expires_at = Some(self.expires_at.map_or(time, |end| end.min(time)));
    }

    /// Revokes the key at this time. Returns whether that changed it: a revoked key keeps its
    /// first time.
    pub const fn revoke(&mut self, at: Timestamp) -> bool {
        let is_change = self.revoked_at.is_none();
        if is_change {
            self.revoked_at = Some(at);
        }
        is_change
    }
}

/// An API key to add. The store assigns its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// As in [`ApiKey`].
    pub secret_hash: SecretHash,
    /// As in [`ApiKey`].
    pub scopes: BTreeSet<Scope>,
    /// As in [`ApiKey`].
    pub user_id: Option<UserId>,
    /// The actor and the time of the creation.
    pub stamp: AuditStamp,
    /// As in [`ApiKey`].
    pub expires_at: Option<Timestamp>,
}

impl NewApiKey {
    /// Returns the key with this number of the shop.
    pub fn into_key(self, shop_id: ShopId, number: KeyNumber) -> ApiKey {
        let Self { secret_hash, scopes, user_id, stamp, expires_at } = self;
        let created_at = stamp.time;
        ApiKey { shop_id, number, secret_hash, scopes, user_id, created_at, expires_at, revoked_at: None }
    }
}

/// The authenticated caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The shop. It was open when the caller was authenticated.
    pub shop: Shop,
    /// The API key, or the user of a session.
    pub actor: Actor,
    /// The requests that the key or the user's role allows.
    pub scopes: BTreeSet<Scope>,
    /// The request, if the server gave it an id.
    pub request_id: Option<RequestId>,
}

impl Principal {
    /// Returns the caller for the event log.
    pub const fn caller(&self) -> Caller {
        Caller { shop: self.shop.id, actor: self.actor, request_id: self.request_id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn key(expires_at: Option<i64>) -> ApiKey {
        let new = NewApiKey {
            secret_hash: SecretHash([0; 32]),
            scopes: BTreeSet::new(),
            user_id: None,
            stamp: AuditStamp { actor: Actor::Operator, time: at(0), request_id: None },
            expires_at: expires_at.map(at),
        };
        new.into_key(ShopId::new(1).unwrap(), KeyNumber::new(1).unwrap())
    }

    #[test]
    fn a_key_is_live_until_it_expires_or_is_revoked() {
        let mut key = key(Some(10));
        assert_eq!((key.created_at, key.revoked_at), (at(0), None));
        assert!(key.is_live(at(9)) && !key.is_live(at(10)));
        assert!(key.revoke(at(5)) && !key.revoke(at(6)));
        assert_eq!(key.revoked_at, Some(at(5)));
        assert!(!key.is_live(at(4)));
    }

    #[test]
    fn a_key_never_expires_later_than_it_did() {
        for (before, after) in [(None, 10), (Some(9), 9), (Some(11), 10)] {
            let mut key = key(before);
            key.expire_by(at(10));
            assert_eq!(key.expires_at, Some(at(after)), "{before:?}");
        }
    }
}
