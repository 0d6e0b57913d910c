use std::collections::BTreeSet;

use crate::Scope;

/// What a user may do in the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Works on tickets and customers, and reads users and the event log.
    Agent,
    /// May do everything in the shop.
    Admin,
}

/// The text is not the name of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown role; the roles are agent and admin")]
pub struct UnknownRole;

impl Role {
    /// Every role.
    pub const ALL: &[Self] = &[Self::Agent, Self::Admin];

    /// Its name: `agent`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }

    /// The scopes that a session of a user with this role has. Saved replies need those of tickets.
    pub fn scopes(self) -> BTreeSet<Scope> {
        let scopes = match self {
            Self::Agent => &[
                Scope::TicketsRead,
                Scope::TicketsWrite,
                Scope::CustomersRead,
                Scope::CustomersWrite,
                Scope::UsersRead,
                Scope::EventsRead,
            ],
            Self::Admin => Scope::ALL,
        };
        scopes.iter().copied().collect()
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_may_do_everything_and_an_agent_less() {
        for &role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        assert_eq!("owner".parse::<Role>(), Err(UnknownRole));
        assert!(Role::Admin.scopes().iter().eq(Scope::ALL));
        let lacking: Vec<Scope> = Role::Admin.scopes().difference(&Role::Agent.scopes()).copied().collect();
        use Scope::{ApiKeysManage, UsersWrite, WebhooksManage, WebhooksRead};
        assert_eq!(lacking, [UsersWrite, ApiKeysManage, WebhooksRead, WebhooksManage]);
    }
}
