//! The JSON of customers.

use hexdesk_domain::limits::{MAX_EXTERNAL_ID_CHARS, MAX_PERSON_NAME_CHARS, MAX_PHONE_NUMBER_CHARS};
use hexdesk_domain::ports::Erased;
use hexdesk_domain::{Customer, CustomerChanges, CustomerDraft, CustomerId, ExternalIds, Field, MergeDraft};
use serde::Serialize;
#[cfg(test)]
use utoipa::ToSchema;

use crate::json_members::kinds::{self, Text, TextOrNumber};
use crate::json_members::{Body, Member, Members};
use crate::json_values::{Id, Time};

const PERSON_NAME: Text = Text::UpTo(MAX_PERSON_NAME_CHARS);
const EXTERNAL_ID: TextOrNumber = TextOrNumber(MAX_EXTERNAL_ID_CHARS);

const EMAIL: Member<Text> = Member::new(Field::Email, "email", Text::Email, "Its e-mail address.");
const PHONE_NUMBER: Member<Text> = Member::new(
    Field::PhoneNumber,
    "phone_number",
    Text::NotBlank(MAX_PHONE_NUMBER_CHARS),
    "Its phone number.",
);
const FIRST_NAME: Member<Text> = Member::new(Field::FirstName, "first_name", PERSON_NAME, "Its first name.");
const LAST_NAME: Member<Text> = Member::new(Field::LastName, "last_name", PERSON_NAME, "Its last name.");
const FULL_NAME: Member<Text> = Member::new(Field::FullName, "full_name", PERSON_NAME, "Its full name.");
const SHOPIFY_ID: Member<TextOrNumber> =
    Member::new(Field::ShopifyId, "shopify_id", EXTERNAL_ID, "Its id in Shopify.");
const WORDPRESS_ID: Member<TextOrNumber> =
    Member::new(Field::WordpressId, "wordpress_id", EXTERNAL_ID, "Its id in WordPress.");
const FB_USER_ID: Member<TextOrNumber> =
    Member::new(Field::FbUserId, "fb_user_id", EXTERNAL_ID, "Its id on Facebook.");
const IG_USER_ID: Member<TextOrNumber> =
    Member::new(Field::IgUserId, "ig_user_id", EXTERNAL_ID, "Its id on Instagram.");
const WHATSAPP_ID: Member<TextOrNumber> =
    Member::new(Field::WhatsappId, "whatsapp_id", EXTERNAL_ID, "Its id on WhatsApp.");

const PRESTASHOP_ID: Member<TextOrNumber> =
    Member::new(Field::PrestashopId, "prestashop_id", EXTERNAL_ID, "Its id in PrestaShop.");
const IG_PSEUDO: Member<TextOrNumber> =
    Member::new(Field::IgPseudo, "ig_pseudo", EXTERNAL_ID, "Its name on Instagram.");
const ZENDESK_ID: Member<TextOrNumber> =
    Member::new(Field::ZendeskId, "zendesk_id", EXTERNAL_ID, "Its id in Zendesk.");
const FRESHDESK_ID: Member<TextOrNumber> =
    Member::new(Field::FreshdeskId, "freshdesk_id", EXTERNAL_ID, "Its id in Freshdesk.");
const GMELIUS_ID: Member<TextOrNumber> =
    Member::new(Field::GmeliusId, "gmelius_id", EXTERNAL_ID, "Its id in Gmelius.");
const GORGIAS_ID: Member<TextOrNumber> =
    Member::new(Field::GorgiasId, "gorgias_id", EXTERNAL_ID, "Its id in Gorgias.");

/// The body that creates a customer.
pub(crate) static NEW_CUSTOMER: Body<CustomerDraft> = Body::create("NewCustomer", "Customer", draft);

/// Reads the draft from the members.
pub(crate) fn draft(members: &mut Members) -> CustomerDraft {
    CustomerDraft {
        id: None,
        email: members.optional(EMAIL),
        phone_number: members.optional(PHONE_NUMBER),
        first_name: members.optional(FIRST_NAME),
        last_name: members.optional(LAST_NAME),
        full_name: members.optional(FULL_NAME.remark("The default is first and last name.")),
        shopify_id: members.optional(SHOPIFY_ID),
        wordpress_id: members.optional(WORDPRESS_ID),
        fb_user_id: members.optional(FB_USER_ID),
        ig_user_id: members.optional(IG_USER_ID),
        whatsapp_id: members.optional(WHATSAPP_ID),
        prestashop_id: members.optional(PRESTASHOP_ID),
        ig_pseudo: members.optional(IG_PSEUDO),
        zendesk_id: members.optional(ZENDESK_ID),
        freshdesk_id: members.optional(FRESHDESK_ID),
        gmelius_id: members.optional(GMELIUS_ID),
        gorgias_id: members.optional(GORGIAS_ID),
    }
}

/// The body that changes a customer.
pub(crate) static CUSTOMER_CHANGES: Body<CustomerChanges> =
    Body::change("CustomerChanges", "Customer", changes);

/// Reads the changes from the members.
pub(crate) fn changes(members: &mut Members) -> CustomerChanges {
    CustomerChanges {
        email: members.change(EMAIL),
        phone_number: members.change(PHONE_NUMBER),
        first_name: members.change(FIRST_NAME),
        last_name: members.change(LAST_NAME),
        full_name: members.change(FULL_NAME.remark("It follows first and last name until it is set itself.")),
        shopify_id: members.change(SHOPIFY_ID),
        wordpress_id: members.change(WORDPRESS_ID),
        fb_user_id: members.change(FB_USER_ID),
        ig_user_id: members.change(IG_USER_ID),
        whatsapp_id: members.change(WHATSAPP_ID),
        prestashop_id: members.change(PRESTASHOP_ID),
        ig_pseudo: members.change(IG_PSEUDO),
        zendesk_id: members.change(ZENDESK_ID),
        freshdesk_id: members.change(FRESHDESK_ID),
        gmelius_id: members.change(GMELIUS_ID),
        gorgias_id: members.change(GORGIAS_ID),
    }
}

const FROM: Member<kinds::Id<CustomerId>> =
    Member::new(Field::From, "from", kinds::Id::CUSTOMER, "The customer to merge, who is gone afterwards.");

/// The body that merges customers.
pub(crate) static CUSTOMER_MERGE: Body<MergeDraft> = Body::create("CustomerMerge", "CustomerMerge", merge);

/// Reads the merge from the members.
pub(crate) fn merge(members: &mut Members) -> MergeDraft {
    MergeDraft { from: members.required(FROM) }
}

/// `{"success":true,"customer":{…}}`, with `"existing":true` if it existed before.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct CustomerAnswer<'a> {
    /// Always `true`.
    success: bool,
    /// Only in the response, and `true`, if the customer existed before.
    #[cfg_attr(test, schema(required = false))]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    existing: bool,
    /// The customer.
    customer: CustomerJson<'a>,
}

impl<'a> CustomerAnswer<'a> {
    pub(crate) fn new(customer: &'a Customer, shop_domain: &'a str) -> Self {
        Self { success: true, existing: false, customer: CustomerJson::new(customer, shop_domain) }
    }

    pub(crate) fn existing(customer: &'a Customer, shop_domain: &'a str) -> Self {
        Self { existing: true, ..Self::new(customer, shop_domain) }
    }
}

/// `{"success":true,"customers":[…],"next_cursor":…}`, with `"total":n` if the request asks for it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct CustomersAnswer<'a> {
    /// Always `true`.
    pub(crate) success: bool,
    /// The customers of this page.
    pub(crate) customers: Vec<CustomerJson<'a>>,
    /// The `cursor` of the next page; `null` on the last.
    pub(crate) next_cursor: Option<&'a str>,
    /// The number of customers of all pages; only with `include=total`.
    #[cfg_attr(test, schema(nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
}

/// `{"success":true,"erased":{…}}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct ErasedAnswer {
    /// Always `true`.
    success: bool,
    /// The number of erased resources, by type.
    erased: ErasedJson,
}

impl ErasedAnswer {
    pub(crate) fn new(erased: Erased) -> Self {
        let Erased { tickets, human_tickets, comments, idempotency_records } = erased;
        let erased = ErasedJson { customers: 1, tickets, human_tickets, comments, idempotency_records };
        Self { success: true, erased }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = Erased))]
struct ErasedJson {
    /// The customer.
    customers: u64,
    /// Its tickets.
    tickets: u64,
    /// Their human tickets.
    #[serde(rename = "humanTickets")]
    human_tickets: u64,
    /// Their comments.
    comments: u64,
    /// The stored responses to requests with an `Idempotency-Key` that held its data.
    #[serde(rename = "idempotencyRecords")]
    idempotency_records: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = Customer))]
pub(crate) struct CustomerJson<'a> {
    /// Its id.
    id: Id,
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
    /// The number of its orders.
    #[cfg_attr(test, schema(minimum = 0))]
    #[serde(rename = "numberOfOrders")]
    number_of_orders: i32,
    /// The shop's domain.
    #[serde(rename = "shopDomain")]
    shop_domain: &'a str,
    /// When it was created.
    #[serde(rename = "creationDate")]
    created_at: Time,
    /// When the shop's system created it.
    #[serde(rename = "cms_creationDate")]
    cms_created_at: Option<Time>,
    /// The shop's system.
    #[serde(rename = "CMS")]
    cms: Option<&'a str>,
    zendesk_id: Option<&'a str>,
    freshdesk_id: Option<&'a str>,
    ig_pseudo: Option<&'a str>,
    gmelius_id: Option<&'a str>,
    gorgias_id: Option<&'a str>,
}

impl<'a> CustomerJson<'a> {
    pub(crate) fn new(customer: &'a Customer, shop_domain: &'a str) -> Self {
        let Customer {
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
        } = customer;
        let ExternalIds {
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
        } = external_ids;
        Self {
            id: Id(id.get()),
            shopify_id: shopify_id.as_deref(),
            wordpress_id: wordpress_id.as_deref(),
            prestashop_id: prestashop_id.as_deref(),
            fb_user_id: fb_user_id.as_deref(),
            ig_user_id: ig_user_id.as_deref(),
            whatsapp_id: whatsapp_id.as_deref(),
            email: email.as_deref(),
            phone_number: phone_number.as_deref(),
            first_name: first_name.as_deref(),
            last_name: last_name.as_deref(),
            full_name: full_name.as_deref(),
            number_of_orders: *number_of_orders,
            shop_domain,
            created_at: Time(*created_at),
            cms_created_at: cms_created_at.map(Time),
            cms: cms.as_deref(),
            zendesk_id: zendesk_id.as_deref(),
            freshdesk_id: freshdesk_id.as_deref(),
            ig_pseudo: ig_pseudo.as_deref(),
            gmelius_id: gmelius_id.as_deref(),
            gorgias_id: gorgias_id.as_deref(),
        }
    }
}
