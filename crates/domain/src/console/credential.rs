use super::password::PasswordHash;
use super::role::Role;
use crate::{AuditStamp, SecretHash, Shop, Timestamp, User, UserId};

/// How a user signs in to the console. A user has none until the first link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The user.
    pub user_id: UserId,
    /// The role in the console.
    pub role: Role,
    /// The hash of the password. `None` until the user has set one.
    pub password: Option<PasswordHash>,
    /// The latest link, until it is used.
    pub link: Option<Link>,
    /// When the user last signed in.
    pub signed_in_at: Option<Timestamp>,
}

/// A one-time link with which a user sets a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The hash of its token.
    pub token_hash: SecretHash,
    /// It works before this time.
    pub ends_at: Timestamp,
}

impl Link {
    /// How long a link works: 24 hours.
    pub const LIFE_MILLIS: i64 = 24 * 60 * 60 * 1_000;

    /// Whether it is the link with this token, and works at `now`.
    pub fn admits(&self, token_hash: SecretHash, now: Timestamp) -> bool {
        self.token_hash == token_hash && now < self.ends_at
    }
}

/// A link to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLink {
    /// The user who gets it.
    pub user_id: UserId,
    /// The role that the user gets. `None` keeps the role.
    pub role: Option<Role>,
    /// The link.
    pub link: Link,
    /// The actor and the time.
    pub stamp: AuditStamp,
}

/// The user of a link that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkHolder {
    /// The shop. It is open.
    pub shop: Shop,
    /// The user. It is active.
    pub user: User,
    /// The role in the console.
    pub role: Role,
}
