//! API keys: who may do what, for which shop.

use std::collections::BTreeSet;

use crate::{Actor, AuditStamp, Caller, Shop, ShopId, Timestamp, UserId};

/// What a key may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read tickets and their comments, and the people they name.
    TicketsRead,
    /// Create, change and delete tickets, and create comments.
    TicketsWrite,
    /// Read customers.
    CustomersRead,
    /// Create, change and erase customers.
    CustomersWrite,
    /// Read users.
    UsersRead,
    /// Create, change and deactivate users.
    UsersWrite,
    /// List, make, rotate and revoke the shop's keys; none that may do more than the key itself.
    ApiKeysManage,
    /// Read the log of events, with everything of the shop that was changed.
    EventsRead,
}

/// The text names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such scope; there are {}", Scope::names())]
pub struct UnknownScope;

impl Scope {
    /// Every scope.
    pub const ALL: &[Self] = &[
        Self::TicketsRead,
        Self::TicketsWrite,
        Self::CustomersRead,
        Self::CustomersWrite,
        Self::UsersRead,
        Self::UsersWrite,
        Self::ApiKeysManage,
        Self::EventsRead,
    ];

    /// What a key holds for which no scope was named: all but the rights to make keys and to
    /// read the log of everything, which must be asked for.
    pub const DEFAULT: &[Self] = &[
        Self::TicketsRead,
        Self::TicketsWrite,
        Self::CustomersRead,
        Self::CustomersWrite,
        Self::UsersRead,
        Self::UsersWrite,
    ];

    /// The names of all, to be told to people.
    pub fn names() -> String {
        let names: Vec<&str> = Self::ALL.iter().map(|scope| scope.as_str()).collect();
        names.join(", ")
    }

    /// Its name: `tickets:read`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TicketsRead => "tickets:read",
            Self::TicketsWrite => "tickets:write",
            Self::CustomersRead => "customers:read",
            Self::CustomersWrite => "customers:write",
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::ApiKeysManage => "api_keys:manage",
            Self::EventsRead => "events:read",
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl std::str::FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

/// The number of a key within its shop, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyNumber(i64);

impl KeyNumber {
    /// The key with this number, or `None` below 1.
    pub const fn new(number: i64) -> Option<Self> {
        if number >= 1 { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

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
