//! How customers are spelled in JSON.

use hexdesk_domain::{Customer, CustomerDraft, Field, Timestamp};
use serde::Serialize;

use crate::json_members::{Members, Spelling};
use crate::json_text::{as_text, as_text_or_null};

/// The members of the body that creates a customer.
pub(super) const CUSTOMER_MEMBERS: Spelling = &[
    (Field::Email, "email"),
    (Field::PhoneNumber, "phone_number"),
    (Field::FirstName, "first_name"),
    (Field::LastName, "last_name"),
    (Field::FullName, "full_name"),
    (Field::ShopifyId, "shopify_id"),
    (Field::WordpressId, "wordpress_id"),
    (Field::FbUserId, "fb_user_id"),
    (Field::IgUserId, "ig_user_id"),
    (Field::WhatsappId, "whatsapp_id"),
];

/// The draft that the members make; what cannot be read stays absent, and is noted in them.
pub(super) fn draft(members: &mut Members) -> CustomerDraft {
    CustomerDraft {
        id: None,
        email: members.text(Field::Email),
        phone_number: members.text(Field::PhoneNumber),
        first_name: members.text(Field::FirstName),
        last_name: members.text(Field::LastName),
        full_name: members.text(Field::FullName),
        shopify_id: members.text_or_number(Field::ShopifyId),
        wordpress_id: members.text_or_number(Field::WordpressId),
        fb_user_id: members.text_or_number(Field::FbUserId),
        ig_user_id: members.text_or_number(Field::IgUserId),
        whatsapp_id: members.text_or_number(Field::WhatsappId),
    }
}

/// `{"success":true,"customer":{…}}`, with `"existing":true` if it was there before.
#[derive(Serialize)]
pub(super) struct CustomerAnswer<'a> {
    success: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    existing: bool,
    customer: CustomerJson<'a>,
}

impl<'a> CustomerAnswer<'a> {
    pub(super) fn new(customer: &'a Customer, shop_domain: &'a str) -> Self {
        Self { success: true, existing: false, customer: CustomerJson::new(customer, shop_domain) }
    }

    pub(super) fn existing(customer: &'a Customer, shop_domain: &'a str) -> Self {
        Self { existing: true, ..Self::new(customer, shop_domain) }
    }
}

#[derive(Serialize)]
struct CustomerJson<'a> {
    id: i64,
    shopify_id: Option<&'a str>,
    wordpress_id: Option<&'a str>,
    prestashop_id: Option<&'a str>,
    fb_user_id: Option<&'a str>,
    ig_user_id: Option<&'a str>,
    whatsapp_id: Option<&'a str>,
    email: Option<&'a str>,
    phone_number: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    full_name: Option<&'a str>,
    #[serde(rename = "numberOfOrders")]
    number_of_orders: i32,
    #[serde(rename = "shopDomain")]
    shop_domain: &'a str,
    #[serde(rename = "creationDate", serialize_with = "as_text")]
    created_at: Timestamp,
    #[serde(rename = "cms_creationDate", serialize_with = "as_text_or_null")]
    cms_created_at: Option<Timestamp>,
    #[serde(rename = "CMS")]
    cms: Option<&'a str>,
    zendesk_id: Option<&'a str>,
    freshdesk_id: Option<&'a str>,
    ig_pseudo: Option<&'a str>,
    gmelius_id: Option<&'a str>,
    gorgias_id: Option<&'a str>,
}

impl<'a> CustomerJson<'a> {
    fn new(customer: &'a Customer, shop_domain: &'a str) -> Self {
        let ids = &customer.external_ids;
        Self {
            id: customer.id.get(),
            shopify_id: ids.shopify_id.as_deref(),
            wordpress_id: ids.wordpress_id.as_deref(),
            prestashop_id: ids.prestashop_id.as_deref(),
            fb_user_id: ids.fb_user_id.as_deref(),
            ig_user_id: ids.ig_user_id.as_deref(),
            whatsapp_id: ids.whatsapp_id.as_deref(),
            email: customer.email.as_deref(),
            phone_number: customer.phone_number.as_deref(),
            first_name: customer.first_name.as_deref(),
            last_name: customer.last_name.as_deref(),
            full_name: customer.full_name.as_deref(),
            number_of_orders: customer.number_of_orders,
            shop_domain,
            created_at: customer.created_at,
            cms_created_at: customer.cms_created_at,
            cms: customer.cms.as_deref(),
            zendesk_id: ids.zendesk_id.as_deref(),
            freshdesk_id: ids.freshdesk_id.as_deref(),
            ig_pseudo: ids.ig_pseudo.as_deref(),
            gmelius_id: ids.gmelius_id.as_deref(),
            gorgias_id: ids.gorgias_id.as_deref(),
        }
    }
}
