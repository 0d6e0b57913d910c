//! The actor and the time of a change.

use crate::{KeyNumber, ShopId, Timestamp, UserId};

/// The actor of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The operator of the server, on the command line.
    Operator,
    /// The server itself, such as when it disables a webhook.
    Server,
    /// The holder of an API key of the shop.
    ApiKey {
        /// The key's number.
        number: KeyNumber,
        /// The user in whose name the key writes.
        user_id: Option<UserId>,
    },
}

impl Actor {
    /// The user in whose name the actor writes.
    pub const fn user_id(self) -> Option<UserId> {
        match self {
            Self::Operator | Self::Server => None,
            Self::ApiKey { user_id, .. } => user_id,
        }
    }
}

/// The actor of a requested change, and its shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The shop.
    pub shop: ShopId,
    /// The actor of the change.
    pub actor: Actor,
}

impl Caller {
    /// Returns the stamp of a change at this time.
    pub const fn stamp(self, time: Timestamp) -> AuditStamp {
        AuditStamp { actor: self.actor, time }
    }
}

/// The actor and the time of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditStamp {
    /// The actor.
    pub actor: Actor,
    /// The time.
    pub time: Timestamp,
}
