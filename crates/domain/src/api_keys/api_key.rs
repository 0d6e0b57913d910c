//! API keys: who may do what, for which shop.

use std::collections::BTreeSet;

use super::scope::Scope;
use crate::{Actor, AuditStamp, Caller, KeyNumber, Shop, ShopId, Timestamp, UserId};

/// SHA-256 of a key's secret; the secret itself is kept nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash(pub [u8; 32]);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretHash(…)")
    }
}

/// An API key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The shop it opens.
    pub shop_id: ShopId,
    /// Its number within the shop.
    pub number: KeyNumber,
    /// What its secret hashes to.
    pub secret_hash: SecretHash,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// The user in whose name it writes comments; of the same shop.
    pub user_id: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key is neither revoked nor expired at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// An API key about to be kept; the store gives it its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// As in [`ApiKey`].
    pub secret_hash: SecretHash,
    /// As in [`ApiKey`].
    pub scopes: BTreeSet<Scope>,
    /// As in [`ApiKey`].
    pub user_id: Option<UserId>,
    /// Who makes it, and when.
    pub stamp: AuditStamp,
    /// As in [`ApiKey`].
    pub expires_at: Option<Timestamp>,
}

/// Who is asking: the shop and the key that were proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The shop, open at the time.
    pub shop: Shop,
    /// The key's number.
    pub key_number: KeyNumber,
    /// What the key may do.
    pub scopes: BTreeSet<Scope>,
    /// The user in whose name the key writes comments.
    pub user_id: Option<UserId>,
}

impl Principal {
    /// Whoever asks for a change with the key.
    pub fn caller(&self) -> Caller {
        Caller { shop: self.shop.id, actor: Actor::ApiKey { number: self.key_number, user_id: self.user_id } }
    }
}
