//! The views of the inbox.

use hexdesk_domain::{AssigneeFilter, TicketFilter, UserId};

/// A list of tickets that agents work through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Mine,
    Unassigned,
    Open,
    Closed,
    All,
}

impl View {
    pub(crate) const ALL: [Self; 5] = [Self::Mine, Self::Unassigned, Self::Open, Self::Closed, Self::All];

    /// The name in paths.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Unassigned => "unassigned",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::All => "all",
        }
    }

    /// The view with this name.
    pub(crate) fn named(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.key() == key)
    }

    /// The name on pages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mine => "Mine",
            Self::Unassigned => "Unassigned",
            Self::Open => "Open",
            Self::Closed => "Closed",
            Self::All => "All",
        }
    }

    /// The path of the list.
    pub(crate) fn path(self) -> String {
        format!("/views/{}", self.key())
    }

    /// What to do if it is empty.
    pub(crate) const fn when_empty(self) -> &'static str {
        match self {
            Self::Mine => "No open ticket is assigned to you. Take one from Unassigned: open it and press a.",
            Self::Unassigned => "Every open ticket has an assignee. New tickets appear here by themselves.",
            Self::Open => "Nothing waits for an answer. New tickets appear here by themselves.",
            Self::Closed => "No ticket was closed yet. Press e on a ticket to close it.",
            Self::All => "This shop has no tickets yet. A program creates them with POST /api/v1/tickets.",
        }
    }

    /// The tickets that the view shows to this user.
    pub(crate) fn filter(self, user: UserId) -> TicketFilter {
        let open = TicketFilter { is_opened: Some(true), ..TicketFilter::default() };
        match self {
            Self::Mine => TicketFilter { assignees: vec![AssigneeFilter::User(user)], ..open },
            Self::Unassigned => TicketFilter { assignees: vec![AssigneeFilter::Unassigned], ..open },
            Self::Open => open,
            Self::Closed => TicketFilter { is_opened: Some(false), ..open },
            Self::All => TicketFilter::default(),
        }
    }
}
