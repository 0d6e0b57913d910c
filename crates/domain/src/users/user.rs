use crate::{AuditStamp, ShopId, Timestamp, UserId};

/// A member of a shop's staff, to whom tickets are assigned.
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
    /// When it was added.
    pub created_at: Timestamp,
    /// Since when it does not work there any more: no ticket can be assigned to it.
    pub deactivated_at: Option<Timestamp>,
}

/// A checked user about to be added; made from a [`UserDraft`](crate::UserDraft).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The number to keep, for a user brought along from another system; the store
    /// hands one out otherwise.
    pub id: Option<UserId>,
    /// As in [`User`].
    pub email: String,
    /// As in [`User`].
    pub first_name: Option<String>,
    /// As in [`User`].
    pub last_name: Option<String>,
    /// As in [`User`].
    pub full_name: Option<String>,
    /// Who adds it, and when.
    pub stamp: AuditStamp,
}
