//! Who makes a change, and when.

use crate::{KeyNumber, ShopId, Timestamp, UserId};

/// Who makes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The operator of the server, on the command line.
    Operator,
    /// The holder of an API key of the shop.
    ApiKey {
        /// The key's number.
        number: KeyNumber,
        /// The user in whose name the key writes.
        user_id: Option<UserId>,
    },
}

impl Actor {
    /// The user in whose name it acts.
    pub const fn user_id(self) -> Option<UserId> {
        match self {
            Self::Operator => None,
            Self::ApiKey { user_id, .. } => user_id,
        }
    }
}

/// Who requests a change, and in which shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The shop.
    pub shop: ShopId,
    /// Who makes the change.
    pub actor: Actor,
}

impl Caller {
    /// The stamp of a change at this time.
    pub const fn stamp(self, time: Timestamp) -> AuditStamp {
        AuditStamp { actor: self.actor, time }
    }
}

/// Who makes a change, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditStamp {
    /// Who makes the change.
    pub actor: Actor,
    /// When it is made.
    pub time: Timestamp,
}
