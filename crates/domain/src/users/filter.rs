//! Which users a list holds.

/// The users that meet every condition that is there; all of the shop's if none is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct UserFilter {
    /// Whether it is active.
    pub is_active: Option<bool>,
}
