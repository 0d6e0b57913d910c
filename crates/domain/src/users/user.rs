use crate::person::Names;
use crate::{AuditStamp, ShopId, Timestamp, UserId};

/// A member of a shop's staff. Tickets are assigned to users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its number within the shop.
    pub id: UserId,
    /// The shop it belongs to.
    pub shop_id: ShopId,
    /// E-mail address as given; compared without case, unique within the shop.
    pub email: String,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Whole name.
    pub full_name: Option<String>,
    /// When it was added to the shop.
    pub created_at: Timestamp,
    /// When it was deactivated. No ticket can be assigned to a deactivated user.
    pub deactivated_at: Option<Timestamp>,
}

impl User {
    pub(crate) fn names(&mut self) -> Names<'_> {
        Names { first: &mut self.first_name, last: &mut self.last_name, full: &mut self.full_name }
    }

    /// Whether it is active. Only an active user can be assigned tickets and have API keys.
    pub const fn is_active(&self) -> bool {
        self.deactivated_at.is_none()
    }
}

/// A checked user to add; made from a [`UserDraft`](crate::UserDraft).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The number to use, for a user from another system. Default: the store assigns one.
    pub id: Option<UserId>,
    /// As in [`User`].
    pub email: String,
    /// As in [`User`].
    pub first_name: Option<String>,
    /// As in [`User`].
    pub last_name: Option<String>,
    /// As in [`User`].
    pub full_name: Option<String>,
    /// The actor and the time of the creation.
    pub stamp: AuditStamp,
}

impl NewUser {
    /// Returns the active user with this number of the shop.
    pub fn into_user(self, shop_id: ShopId, id: UserId) -> User {
        let Self { id: _, email, first_name, last_name, full_name, stamp } = self;
        let created_at = stamp.time;
        User { id, shop_id, email, first_name, last_name, full_name, created_at, deactivated_at: None }
    }
}
