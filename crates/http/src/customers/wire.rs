//! How customers are spelled in JSON.

use hexdesk_domain::ports::Erased;
use hexdesk_domain::{Customer, CustomerChanges, CustomerDraft, Field, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::json_members::{Members, Spelling};
use crate::json_text::{as_text, as_text_or_null};
use crate::openapi::schemas::Id;

/// The members of the bodies that create and change a customer.
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

/// The changes that the members make; `null` clears. What cannot be read is noted in them.
pub(super) fn changes(members: &mut Members) -> CustomerChanges {
    CustomerChanges {
        email: members.change(Field::Email, Members::text),
        phone_number: members.change(Field::PhoneNumber, Members::text),
        first_name: members.change(Field::FirstName, Members::text),
        last_name: members.change(Field::LastName, Members::text),
        full_name: members.change(Field::FullName, Members::text),
        shopify_id: members.change(Field::ShopifyId, Members::text_or_number),
        wordpress_id: members.change(Field::WordpressId, Members::text_or_number),
        fb_user_id: members.change(Field::FbUserId, Members::text_or_number),
        ig_user_id: members.change(Field::IgUserId, Members::text_or_number),
        whatsapp_id: members.change(Field::WhatsappId, Members::text_or_number),
    }
}

/// `{"success":true,"customer":{…}}`, with `"existing":true` if it was there before.
#[derive(Serialize, ToSchema)]
pub(super) struct CustomerAnswer<'a> {
    /// Always true.
    success: bool,
    /// Only there, and true, if the customer was there before.
    #[schema(required = false)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    existing: bool,
    /// The customer.
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

/// `{"success":true,"customers":[…],"next_cursor":…}`, with `"total":n` if it was asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct CustomersAnswer<'a> {
    /// Always true.
    pub(super) success: bool,
    /// The page.
    pub(super) customers: Vec<CustomerJson<'a>>,
    /// Where the next page begins; `null` on the last.
    #[schema(required)]
    pub(super) next_cursor: Option<&'a str>,
    /// How many customers all pages hold; only there if it was asked for.
    #[schema(required = false, nullable = false, minimum = 0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
}

/// `{"success":true,"erased":{…}}`.
#[derive(Serialize, ToSchema)]
pub(super) struct ErasedAnswer {
    /// Always true.
    success: bool,
    /// How much was erased.
    erased: ErasedJson,
}

impl ErasedAnswer {
    pub(super) fn new(erased: Erased) -> Self {
        let Erased { tickets, human_tickets, comments, idempotency_records } = erased;
        let erased = ErasedJson { customers: 1, tickets, human_tickets, comments, idempotency_records };
        Self { success: true, erased }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Erased)]
struct ErasedJson {
    /// The customer.
    customers: u64,
    /// Its tickets.
    tickets: u64,
    /// The human tickets of those.
    #[serde(rename = "humanTickets")]
    human_tickets: u64,
    /// The comments on those.
    comments: u64,
    /// The kept answers to requests with an `Idempotency-Key` that held its data.
    #[serde(rename = "idempotencyRecords")]
    idempotency_records: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Customer)]
pub(crate) struct CustomerJson<'a> {
    /// Its id.
    #[schema(value_type = Id)]
    id: i64,
    /// Its id in Shopify.
    #[schema(required)]
    shopify_id: Option<&'a str>,
    /// Its id in WordPress.
    #[schema(required)]
    wordpress_id: Option<&'a str>,
    /// Its id in PrestaShop.
    #[schema(required)]
    prestashop_id: Option<&'a str>,
    /// Its id on Facebook.
    #[schema(required)]
    fb_user_id: Option<&'a str>,
    /// Its id on Instagram.
    #[schema(required)]
    ig_user_id: Option<&'a str>,
    /// Its id on WhatsApp.
    #[schema(required)]
    whatsapp_id: Option<&'a str>,
    /// Its e-mail address.
    #[schema(required)]
    email: Option<&'a str>,
    /// Its phone number.
    #[schema(required)]
    phone_number: Option<&'a str>,
    /// Its first name.
    #[schema(required)]
    first_name: Option<&'a str>,
    /// Its last name.
    #[schema(required)]
    last_name: Option<&'a str>,
    /// Its full name.
    #[schema(required)]
    full_name: Option<&'a str>,
    /// How many orders it placed.
    #[schema(minimum = 0)]
    #[serde(rename = "numberOfOrders")]
    number_of_orders: i32,
    /// The shop's domain.
    #[serde(rename = "shopDomain")]
    shop_domain: &'a str,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    #[serde(rename = "creationDate", serialize_with = "as_text")]
    created_at: Timestamp,
    /// When the shop's system created it.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    #[serde(rename = "cms_creationDate", serialize_with = "as_text_or_null")]
    cms_created_at: Option<Timestamp>,
    /// The shop's system.
    #[schema(required)]
    #[serde(rename = "CMS")]
    cms: Option<&'a str>,
    /// Its id in Zendesk.
    #[schema(required)]
    zendesk_id: Option<&'a str>,
    /// Its id in Freshdesk.
    #[schema(required)]
    freshdesk_id: Option<&'a str>,
    /// Its name on Instagram.
    #[schema(required)]
    ig_pseudo: Option<&'a str>,
    /// Its id in Gmelius.
    #[schema(required)]
    gmelius_id: Option<&'a str>,
    /// Its id in Gorgias.
    #[schema(required)]
    gorgias_id: Option<&'a str>,
}

impl<'a> CustomerJson<'a> {
    pub(crate) fn new(customer: &'a Customer, shop_domain: &'a str) -> Self {
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
