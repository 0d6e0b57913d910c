use crate::person::Names;
use crate::{Actor, AuditStamp, CustomerId, ShopId, Timestamp, fold_email, fold_phone_number};

/// A person who writes to a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its number within the shop.
    pub id: CustomerId,
    /// The shop it belongs to.
    pub shop_id: ShopId,
    /// E-mail address as given; compared after [`fold_email`](crate::fold_email), unique within the shop.
    pub email: Option<String>,
    /// Phone number as given; compared after [`fold_phone_number`](crate::fold_phone_number).
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
    pub(crate) fn names(&mut self) -> Names<'_> {
        Names { first: &mut self.first_name, last: &mut self.last_name, full: &mut self.full_name }
    }

    /// Whether it has an e-mail address, a phone number, or an id on Facebook, Instagram or WhatsApp.
    /// Every customer must have one.
    pub const fn is_reachable(&self) -> bool {
        let ExternalIds { fb_user_id, ig_user_id, whatsapp_id, .. } = &self.external_ids;
        self.email.is_some()
            || self.phone_number.is_some()
            || fb_user_id.is_some()
            || ig_user_id.is_some()
            || whatsapp_id.is_some()
    }

    /// Fills in what this customer lacks and the new one has (CUSTOMER-22). Nothing is overwritten.
    pub fn fill_in(&mut self, new: &NewCustomer) {
        // Lists every field: a new one does not compile until it is filled in.
        let NewCustomer {
            id: _,
            email,
            phone_number,
            first_name,
            last_name,
            full_name,
            external_ids,
            stamp: _,
        } = new;
        fill(&mut self.email, email);
        fill(&mut self.phone_number, phone_number);
        self.names().change(|first, last| {
            fill(first, first_name);
            fill(last, last_name);
        });
        fill(&mut self.full_name, full_name);
        self.external_ids.fill_in(external_ids);
    }

    /// Takes over what it lacks from a customer who is merged into it, and the orders (CUSTOMER-24).
    /// Nothing is overwritten.
    pub fn absorb(&mut self, merged: Self) {
        let Self {
            id,
            shop_id: _,
            email,
            phone_number,
            first_name,
            last_name,
            full_name,
            external_ids,
            number_of_orders,
            cms,
            cms_created_at,
            created_at,
        } = merged;
        let stamp = AuditStamp { actor: Actor::Operator, time: created_at, request_id: None };
        self.fill_in(&NewCustomer {
            id: Some(id),
            email,
            phone_number,
            first_name,
            last_name,
            full_name,
            external_ids,
            stamp,
        });
        self.number_of_orders = self.number_of_orders.saturating_add(number_of_orders);
        if self.cms.is_none() {
            self.cms = cms;
            self.cms_created_at = cms_created_at;
        }
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

/// The ids as an array, by reference. A new id does not compile until it is in the list.
macro_rules! ids_of {
    ($ids:expr, $($id:ident),+) => {{
        let ExternalIds { $($id),+ } = $ids;
        [$($id),+]
    }};
    ($ids:expr) => {
        ids_of!(
            $ids, shopify_id, wordpress_id, prestashop_id, fb_user_id, ig_user_id, ig_pseudo, whatsapp_id,
            zendesk_id, freshdesk_id, gmelius_id, gorgias_id
        )
    };
}

impl ExternalIds {
    /// Returns all ids, in an order that does not change.
    pub const fn all(&self) -> [&Option<String>; 11] {
        ids_of!(self)
    }

    /// The same as [`Self::all`], to change.
    pub const fn all_mut(&mut self) -> [&mut Option<String>; 11] {
        ids_of!(self)
    }

    /// Returns each id that is not empty, alone, in the order of [`Self::all`].
    pub fn each(&self) -> impl Iterator<Item = Self> {
        (0..self.all().len()).filter_map(|place| {
            let id = self.all()[place].as_ref().filter(|id| !id.is_empty())?;
            let mut alone = Self::default();
            *alone.all_mut()[place] = Some(id.clone());
            Some(alone)
        })
    }

    fn fill_in(&mut self, others: &Self) {
        for (id, other) in self.all_mut().into_iter().zip(others.all()) {
            fill(id, other);
        }
    }
}

/// Sets a text that is missing or empty.
fn fill(text: &mut Option<String>, other: &Option<String>) {
    if other.is_some() && text.as_deref().unwrap_or_default().is_empty() {
        text.clone_from(other);
    }
}

/// Why an existing customer is the same person as a new one. The first that applies counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SamePerson {
    /// They have the same e-mail address.
    Email,
    /// They have the same id in another system: the place in [`ExternalIds::all`].
    ExternalId(usize),
    /// They have the same phone number, and at most one has an e-mail address.
    PhoneNumber,
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

    /// Returns why this existing customer of the shop is the same person, if it is (CUSTOMER-2,
    /// CUSTOMER-3, CUSTOMER-21).
    pub fn is_same(&self, existing: &Customer) -> Option<SamePerson> {
        let emails = [&self.email, &existing.email].map(|email| email.as_deref().map(fold_email));
        if emails[0].is_some() && emails[0] == emails[1] {
            return Some(SamePerson::Email);
        }
        let mut ids = self.external_ids.all().into_iter().zip(existing.external_ids.all());
        if let Some(place) =
            ids.position(|(new, id)| new == id && new.as_ref().is_some_and(|id| !id.is_empty()))
        {
            return Some(SamePerson::ExternalId(place));
        }
        let numbers = [&self.phone_number, &existing.phone_number]
            .map(|number| number.as_deref().map(fold_phone_number));
        (numbers[0].is_some() && numbers[0] == numbers[1] && emails.contains(&None))
            .then_some(SamePerson::PhoneNumber)
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

    /// Returns the sample as a new customer.
    fn new() -> NewCustomer {
        let Customer { email, phone_number, first_name, last_name, full_name, external_ids, .. } = customer();
        let stamp = crate::samples::STAMP;
        NewCustomer { id: None, email, phone_number, first_name, last_name, full_name, external_ids, stamp }
    }

    #[test]
    fn a_person_is_recognised_by_address_then_ids_then_phone_number() {
        let text = |text: &str| Some(text.to_owned());
        let by_id = |id: &str| ExternalIds { zendesk_id: text(id), ..ExternalIds::default() };
        let there = Customer { external_ids: by_id("1"), ..customer() };
        let nobody = || NewCustomer { email: None, phone_number: None, ..new() };
        for (expected, new) in [
            (Some(SamePerson::Email), NewCustomer { external_ids: by_id("1"), ..new() }),
            (Some(SamePerson::Email), NewCustomer { email: text("ADA@example.com"), ..nobody() }),
            (
                Some(SamePerson::ExternalId(7)),
                NewCustomer { email: text("b@example.com"), external_ids: by_id("1"), ..new() },
            ),
            (None, NewCustomer { external_ids: by_id("2"), ..nobody() }),
            (Some(SamePerson::PhoneNumber), NewCustomer { phone_number: text("00331"), ..nobody() }),
            (None, NewCustomer { phone_number: text("331"), ..nobody() }),
            (None, NewCustomer { email: text("b@example.com"), ..new() }),
            (None, nobody()),
        ] {
            assert_eq!(new.is_same(&there), expected, "{new:?}");
        }
        let without_email = Customer { email: None, ..there };
        let new = NewCustomer { email: text("b@example.com"), ..new() };
        assert_eq!(new.is_same(&without_email), Some(SamePerson::PhoneNumber));
        // An empty id is no id.
        let empty = Customer { external_ids: by_id(""), ..without_email };
        assert_eq!(NewCustomer { external_ids: by_id(""), ..nobody() }.is_same(&empty), None);
    }

    #[test]
    fn only_what_is_missing_is_filled_in() {
        let text = |text: &str| Some(text.to_owned());
        let before =
            Customer { last_name: None, full_name: text("Ada"), phone_number: text(""), ..customer() };
        let ids = |zendesk: &str| ExternalIds { zendesk_id: text(zendesk), ..ExternalIds::default() };
        let new = NewCustomer { email: text("b@example.com"), external_ids: ids("1"), ..new() };
        let mut filled = before.clone();
        filled.fill_in(&new);
        let expected = Customer { external_ids: ids("1"), ..customer() };
        assert_eq!(filled, expected);
        filled.fill_in(&NewCustomer { external_ids: ids("2"), ..new });
        assert_eq!(filled, expected);
    }

    #[test]
    fn a_merged_customer_leaves_its_orders_and_what_is_missing() {
        let text = |text: &str| Some(text.to_owned());
        let merged = Customer {
            id: CustomerId::new(4).unwrap(),
            email: text("b@example.com"),
            number_of_orders: 3,
            cms: text("shopify"),
            cms_created_at: Some(Timestamp::MAX),
            ..customer()
        };
        let mut remaining = Customer { phone_number: None, number_of_orders: 2, ..customer() };
        remaining.absorb(merged.clone());
        let (cms, cms_created_at) = (merged.cms.clone(), merged.cms_created_at);
        let expected = Customer { number_of_orders: 5, cms, cms_created_at, ..customer() };
        assert_eq!(remaining, expected);
        remaining.absorb(Customer { cms: text("other"), number_of_orders: i32::MAX, ..merged });
        assert_eq!(remaining, Customer { number_of_orders: i32::MAX, ..expected });
    }

    #[test]
    fn one_way_to_reach_a_customer_is_enough() {
        assert!(customer().is_reachable());
        assert!(Customer { email: None, ..customer() }.is_reachable());
        assert!(Customer { phone_number: None, ..customer() }.is_reachable());
        let nobody = || Customer { email: None, phone_number: None, ..customer() };
        assert!(!nobody().is_reachable());
        for id in [
            ExternalIds { fb_user_id: Some("1".into()), ..ExternalIds::default() },
            ExternalIds { ig_user_id: Some("1".into()), ..ExternalIds::default() },
            ExternalIds { whatsapp_id: Some("1".into()), ..ExternalIds::default() },
        ] {
            assert!(Customer { external_ids: id, ..nobody() }.is_reachable());
        }
    }
}
