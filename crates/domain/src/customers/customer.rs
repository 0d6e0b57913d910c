use crate::{AuditStamp, CustomerId, ShopId, Timestamp};

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
    /// Its ids in other systems.
    pub external_ids: ExternalIds,
    /// How many orders it has placed.
    pub number_of_orders: i32,
    /// The shop system that it came from.
    pub cms: Option<String>,
    /// When that system made it.
    pub cms_created_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Customer {
    /// The texts by which a search finds its tickets.
    pub fn searched_texts(&self) -> impl Iterator<Item = &str> {
        let Self { email, phone_number, first_name, last_name, full_name, .. } = self;
        [email, phone_number, first_name, last_name, full_name].into_iter().filter_map(Option::as_deref)
    }
}

/// The ids that other systems gave a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the customer's id in the system of the same name")]
pub struct ExternalIds {
    pub shopify_id: Option<String>,
    pub wordpress_id: Option<String>,
    pub prestashop_id: Option<String>,
    pub fb_user_id: Option<String>,
    pub ig_user_id: Option<String>,
    /// Its name at Instagram.
    pub ig_pseudo: Option<String>,
    pub whatsapp_id: Option<String>,
    pub zendesk_id: Option<String>,
    pub freshdesk_id: Option<String>,
    pub gmelius_id: Option<String>,
    pub gorgias_id: Option<String>,
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
    pub external_ids: ExternalIds,
    /// Who adds it, and when.
    pub stamp: AuditStamp,
}

impl NewCustomer {
    /// As [`Customer::searched_texts`].
    pub fn searched_texts(&self) -> impl Iterator<Item = &str> {
        let Self { email, phone_number, first_name, last_name, full_name, .. } = self;
        [email, phone_number, first_name, last_name, full_name].into_iter().filter_map(Option::as_deref)
    }
}
