use super::password::PasswordHash;
use super::role::Role;
use crate::{Actor, Principal, RequestId, SecretHash, Shop, Timestamp, User, UserId};

/// The times of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLife {
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When it was last used. Written at most every [`Self::USE_MILLIS`].
    pub last_used_at: Timestamp,
}

impl SessionLife {
    /// A session ends this long after its last use: 12 hours.
    pub const IDLE_MILLIS: i64 = 12 * 60 * 60 * 1_000;
    /// A session ends this long after the user signed in: 7 days.
    pub const MAX_MILLIS: i64 = 7 * 24 * 60 * 60 * 1_000;
    /// The time after which a use is written again: 5 minutes. So reading pages does not write, and a
    /// session may end up to 5 minutes early.
    pub const USE_MILLIS: i64 = 5 * 60 * 1_000;

    /// The life of a session that begins now.
    pub const fn beginning(now: Timestamp) -> Self {
        Self { created_at: now, last_used_at: now }
    }

    /// When it ends, unless it is used again.
    pub fn ends_at(&self) -> Timestamp {
        let idle = self.last_used_at.saturating_add_millis(Self::IDLE_MILLIS);
        idle.min(self.created_at.saturating_add_millis(Self::MAX_MILLIS))
    }

    /// Whether it has not ended by time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.ends_at()
    }

    /// Whether a use at `now` is written.
    pub fn is_use_due(&self, now: Timestamp) -> bool {
        now >= self.last_used_at.saturating_add_millis(Self::USE_MILLIS)
    }
}

/// A session of a user in the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The shop. It is open.
    pub shop: Shop,
    /// The user. It is active.
    pub user: User,
    /// The user's role now.
    pub role: Role,
    /// Its times.
    pub life: SessionLife,
}

impl Session {
    /// The maximum number of sessions of a user. Creating another one ends the oldest.
    pub const MAX_OF_USER: usize = 10;

    /// Returns the caller that the use cases know, for this request.
    pub fn principal(&self, request_id: Option<RequestId>) -> Principal {
        Principal {
            shop: self.shop.clone(),
            actor: Actor::User { id: self.user.id },
            scopes: self.role.scopes(),
            request_id,
        }
    }
}

/// A session to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// The hash of its token.
    pub token_hash: SecretHash,
    /// The user who signed in.
    pub user_id: UserId,
    /// The hash of the password with which the user signed in.
    pub password: PasswordHash,
    /// When the user signed in.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_idle_and_after_seven_days() {
        let at = |hours: i64| Timestamp::MIN.saturating_add_millis(hours * 60 * 60 * 1_000);
        let fresh = SessionLife::beginning(at(1));
        assert!(fresh.is_live(at(1)) && fresh.is_live(at(12)) && !fresh.is_live(at(13)));
        let used = SessionLife { last_used_at: at(167), ..fresh };
        assert_eq!(used.ends_at(), at(169));
        assert!(!fresh.is_use_due(at(1)) && fresh.is_use_due(at(2)));
    }
}
