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
