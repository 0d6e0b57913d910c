use crate::{AuditStamp, CustomerId, ShopId, Timestamp};

/// A person who writes to a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its number within the shop.
    pub id: CustomerId,
    /// The shop it belongs to.
    pub shop_id: ShopId,
    /// E-mail address as given; compared without case, unique within the shop.
    pub email: Option<String>,
    /// Phone number as given; unique within the shop.
    pub phone_number: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Whole name.
    pub full_name: Option<String>,
    /// Its ids in other systems.
    pub external_ids: ExternalIds,
    /// The number of orders placed.
    pub number_of_orders: i32,
    /// The shop system that created it.
    pub cms: Option<String>,
    /// When that system created it.
    pub cms_created_at: Option<Timestamp>,
    /// When it was added to the shop.
    pub created_at: Timestamp,
}

impl Customer {
    /// Whether it has an e-mail address or a phone number. Every customer must have one.
    pub const fn is_reachable(&self) -> bool {
        self.email.is_some() || self.phone_number.is_some()
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
    /// Its name on Instagram.
    pub ig_pseudo: Option<String>,
    pub whatsapp_id: Option<String>,
    pub zendesk_id: Option<String>,
    pub freshdesk_id: Option<String>,
    pub gmelius_id: Option<String>,
    pub gorgias_id: Option<String>,
}

impl ExternalIds {
    /// Returns all ids, in an order that does not change.
    pub const fn all(&self) -> [&Option<String>; 11] {
        let Self {
            shopify_id,
            wordpress_id,
            prestashop_id,
            fb_user_id,
            ig_user_id,
            ig_pseudo,
            whatsapp_id,
            zendesk_id,
            freshdesk_id,
            gmelius_id,
            gorgias_id,
        } = self;
        [
            shopify_id,
            wordpress_id,
            prestashop_id,
            fb_user_id,
            ig_user_id,
            ig_pseudo,
            whatsapp_id,
            zendesk_id,
            freshdesk_id,
            gmelius_id,
            gorgias_id,
        ]
    }
}

/// A checked customer to add; made from a [`CustomerDraft`](crate::CustomerDraft).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCustomer {
    /// The number to use, for a customer from another system. Default: the store assigns one.
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
    /// The actor and the time of the creation.
    pub stamp: AuditStamp,
}

impl NewCustomer {
    /// Returns the customer with this number of the shop. It has no orders yet, and no shop system
    /// created it.
    pub fn into_customer(self, shop_id: ShopId, id: CustomerId) -> Customer {
        let Self { id: _, email, phone_number, first_name, last_name, full_name, external_ids, stamp } = self;
        Customer {
            id,
            shop_id,
            email,
            phone_number,
            first_name,
            last_name,
            full_name,
            external_ids,
            number_of_orders: 0,
            cms: None,
            cms_created_at: None,
            created_at: stamp.time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::customer;

    #[test]
    fn a_new_customer_has_no_orders_and_no_shop_system() {
        let customer = customer();
        assert_eq!((customer.shop_id.get(), customer.id.get(), customer.number_of_orders), (1, 3, 0));
        assert_eq!(
            (customer.cms, customer.cms_created_at, customer.created_at),
            (None, None, Timestamp::MIN)
        );
    }

    #[test]
    fn an_email_address_or_a_phone_number_reaches_a_customer() {
        assert!(customer().is_reachable());
        assert!(Customer { email: None, ..customer() }.is_reachable());
        assert!(Customer { phone_number: None, ..customer() }.is_reachable());
        assert!(!Customer { email: None, phone_number: None, ..customer() }.is_reachable());
    }
}
