//! Who makes a change, and when.

use crate::{KeyNumber, ShopId, Timestamp, UserId};

/// Who makes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever runs the server, by the command line.
    Operator,
    /// The holder of one of the shop's keys.
    ApiKey {
        /// The key's number.
        number: KeyNumber,
        /// The user in whose name the key writes.
        user_id: Option<UserId>,
    },
}

impl Actor {
    /// The user in whose name it acts, if it is one's.
    pub const fn user_id(self) -> Option<UserId> {
        match self {
            Self::Operator => None,
            Self::ApiKey { user_id, .. } => user_id,
        }
    }
}

/// Who asks for a change, of what shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The shop.
    pub shop: ShopId,
    /// Who.
    pub actor: Actor,
}

impl Caller {
    /// The stamp of what it changes at this time.
    pub const fn stamp(self, time: Timestamp) -> AuditStamp {
        AuditStamp { actor: self.actor, time }
    }
}

/// Who makes a change, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditStamp {
    /// Who.
    pub actor: Actor,
    /// When.
    pub time: Timestamp,
}
