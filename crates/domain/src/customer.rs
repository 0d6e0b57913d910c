use crate::{CustomerId, ShopId, Timestamp};

/// Someone who writes to a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its number within the shop.
    pub id: CustomerId,
    /// The shop it belongs to.
    pub shop_id: ShopId,
    /// E-mail address as given; compared without case.
    pub email: Option<String>,
    /// Phone number as given.
    pub phone_number: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Whole name.
    pub full_name: Option<String>,
    /// The customer's id at Shopify.
    pub shopify_id: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A checked customer about to be added; made from a [`CustomerDraft`](crate::CustomerDraft).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCustomer {
    /// The number to keep, for a customer brought along from another system; the
    /// store hands one out otherwise.
    pub id: Option<CustomerId>,
    /// As in [`Customer`].
    pub email: Option<String>,
    /// As in [`Customer`].
    pub phone_number: Option<String>,
    /// As in [`Customer`].
    pub first_name: Option<String>,
    /// As in [`Customer`].
    pub last_name: Option<String>,
    /// As in [`Customer`].
    pub full_name: Option<String>,
    /// As in [`Customer`].
    pub shopify_id: Option<String>,
    /// As in [`Customer`].
    pub created_at: Timestamp,
}
