/// A right that a key may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read tickets, their comments and the people they name.
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
    /// List, create, rotate and revoke the shop's keys. No key can grant more than it has.
    ApiKeysManage,
    /// Read the event log, which holds every change in the shop.
    EventsRead,
    /// Read the shop's webhooks and their attempts.
    WebhooksRead,
    /// Create, change, rotate, test, replay and delete webhooks. A key also needs [`Self::EventsRead`], so
    /// that nobody sees more through a webhook than through the key.
    WebhooksManage,
}

/// The text is not the name of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope; the scopes are {}", Scope::names())]
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
        Self::WebhooksRead,
        Self::WebhooksManage,
    ];

    /// The default scopes of a key: all except managing keys, reading the event log, and webhooks.
    pub const DEFAULT: &[Self] = &[
        Self::TicketsRead,
        Self::TicketsWrite,
        Self::CustomersRead,
        Self::CustomersWrite,
        Self::UsersRead,
        Self::UsersWrite,
    ];

    /// The names of all scopes, for messages.
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
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksManage => "webhooks:manage",
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
