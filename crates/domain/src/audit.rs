//! The actor, the time and the request of a change.

use uuid::Uuid;

use crate::{KeyNumber, ShopId, Timestamp, UserId};

/// The actor of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// A user of the shop, signed in to the console.
    User {
        /// The user.
        id: UserId,
    },
}

impl Actor {
    /// The user in whose name the actor writes.
    pub const fn user_id(self) -> Option<UserId> {
        match self {
            Self::Operator | Self::Server => None,
            Self::ApiKey { user_id, .. } => user_id,
            Self::User { id } => Some(id),
        }
    }
}

/// The id of a request, which the server chooses. It is any 16 bytes, written as a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(Uuid);

impl RequestId {
    /// Returns the id of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Returns its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl std::fmt::Display for RequestId {
    /// In lower case: `01a202d8-e74c-76e0-aec3-1471365970c6`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The actor of a requested change, its shop and its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The shop.
    pub shop: ShopId,
    /// The actor of the change.
    pub actor: Actor,
    /// The request. `None` on the command line.
    pub request_id: Option<RequestId>,
}

impl Caller {
    /// Returns the stamp of a change at this time.
    pub const fn stamp(self, time: Timestamp) -> AuditStamp {
        AuditStamp { actor: self.actor, time, request_id: self.request_id }
    }
}

/// The actor, the time and the request of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditStamp {
    /// The actor.
    pub actor: Actor,
    /// The time.
    pub time: Timestamp,
    /// The request. `None` if no request made the change, and for changes that an older version of
    /// Hexdesk made.
    pub request_id: Option<RequestId>,
}
