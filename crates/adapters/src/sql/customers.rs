//! Customers: their table, its rows, and the columns that an update changes.

use diesel::prelude::{AsChangeset, Insertable, Queryable, Selectable};
use hexdesk_domain::{Customer, CustomerId, ExternalIds, NewCustomer, ShopId, fold_email, fold_phone_number};
use serde::{Deserialize, Serialize};

use super::types::StoredTimestamp;
use super::{CorruptRow, shop_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    customers (shop_id, id) {
        shop_id -> BigInt,
        id -> BigInt,
        email -> Nullable<Text>,
        email_folded -> Nullable<Text>,
        phone_number -> Nullable<Text>,
        phone_number_folded -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        full_name -> Nullable<Text>,
        shopify_id -> Nullable<Text>,
        wordpress_id -> Nullable<Text>,
        prestashop_id -> Nullable<Text>,
        fb_user_id -> Nullable<Text>,
        ig_user_id -> Nullable<Text>,
        ig_pseudo -> Nullable<Text>,
        whatsapp_id -> Nullable<Text>,
        zendesk_id -> Nullable<Text>,
        freshdesk_id -> Nullable<Text>,
        gmelius_id -> Nullable<Text>,
        gorgias_id -> Nullable<Text>,
        number_of_orders -> Integer,
        cms -> Nullable<Text>,
        cms_created_at -> Nullable<Instant>,
        created_at -> Instant,
    }
}

/// A customer, to read, and to insert with its folded e-mail address and phone number.
#[derive(Debug, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = customers, treat_none_as_default_value = false)]
pub(crate) struct CustomerRow {
    shop_id: i64,
    pub(crate) id: i64,
    email: Option<String>,
    phone_number: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    shopify_id: Option<String>,
    wordpress_id: Option<String>,
    prestashop_id: Option<String>,
    fb_user_id: Option<String>,
    ig_user_id: Option<String>,
    ig_pseudo: Option<String>,
    whatsapp_id: Option<String>,
    zendesk_id: Option<String>,
    freshdesk_id: Option<String>,
    gmelius_id: Option<String>,
    gorgias_id: Option<String>,
    number_of_orders: i32,
    cms: Option<String>,
    cms_created_at: Option<StoredTimestamp>,
    created_at: StoredTimestamp,
}

impl TryFrom<CustomerRow> for Customer {
    type Error = CorruptRow;

    fn try_from(row: CustomerRow) -> Result<Self, Self::Error> {
        Ok(Self {
            id: CustomerId::new(row.id).ok_or(CorruptRow("customer number"))?,
            shop_id: shop_id(row.shop_id)?,
            email: row.email,
            phone_number: row.phone_number,
            first_name: row.first_name,
            last_name: row.last_name,
            full_name: row.full_name,
            external_ids: ExternalIds {
                shopify_id: row.shopify_id,
                wordpress_id: row.wordpress_id,
                prestashop_id: row.prestashop_id,
                fb_user_id: row.fb_user_id,
                ig_user_id: row.ig_user_id,
                ig_pseudo: row.ig_pseudo,
                whatsapp_id: row.whatsapp_id,
                zendesk_id: row.zendesk_id,
                freshdesk_id: row.freshdesk_id,
                gmelius_id: row.gmelius_id,
                gorgias_id: row.gorgias_id,
            },
            number_of_orders: row.number_of_orders,
            cms: row.cms,
            cms_created_at: row.cms_created_at.map(|time| time.0),
            created_at: row.created_at.0,
        })
    }
}

impl From<Customer> for CustomerRow {
    fn from(customer: Customer) -> Self {
        let ids = customer.external_ids;
        Self {
            shop_id: customer.shop_id.get(),
            id: customer.id.get(),
            email: customer.email,
            phone_number: customer.phone_number,
            first_name: customer.first_name,
            last_name: customer.last_name,
            full_name: customer.full_name,
            shopify_id: ids.shopify_id,
            wordpress_id: ids.wordpress_id,
            prestashop_id: ids.prestashop_id,
            fb_user_id: ids.fb_user_id,
            ig_user_id: ids.ig_user_id,
            ig_pseudo: ids.ig_pseudo,
            whatsapp_id: ids.whatsapp_id,
            zendesk_id: ids.zendesk_id,
            freshdesk_id: ids.freshdesk_id,
            gmelius_id: ids.gmelius_id,
            gorgias_id: ids.gorgias_id,
            number_of_orders: customer.number_of_orders,
            cms: customer.cms,
            cms_created_at: customer.cms_created_at.map(StoredTimestamp),
            created_at: StoredTimestamp(customer.created_at),
        }
    }
}

/// A customer to insert. `id` is `None` until the shop's counter has numbered it.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = customers)]
pub(crate) struct NewCustomerRow {
    pub(crate) shop_id: i64,
    pub(crate) id: Option<i64>,
    pub(crate) email: Option<String>,
    pub(crate) email_folded: Option<String>,
    pub(crate) phone_number: Option<String>,
    pub(crate) phone_number_folded: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) full_name: Option<String>,
    pub(crate) shopify_id: Option<String>,
    pub(crate) wordpress_id: Option<String>,
    pub(crate) prestashop_id: Option<String>,
    pub(crate) fb_user_id: Option<String>,
    pub(crate) ig_user_id: Option<String>,
    pub(crate) ig_pseudo: Option<String>,
    pub(crate) whatsapp_id: Option<String>,
    pub(crate) zendesk_id: Option<String>,
    pub(crate) freshdesk_id: Option<String>,
    pub(crate) gmelius_id: Option<String>,
    pub(crate) gorgias_id: Option<String>,
    pub(crate) number_of_orders: i32,
    pub(crate) created_at: StoredTimestamp,
}

impl NewCustomerRow {
    pub(crate) fn new(shop: ShopId, customer: NewCustomer) -> Self {
        Self {
            shop_id: shop.get(),
            id: customer.id.map(CustomerId::get),
            email_folded: customer.email.as_deref().map(fold_email),
            email: customer.email,
            phone_number_folded: customer.phone_number.as_deref().map(fold_phone_number),
            phone_number: customer.phone_number,
            first_name: customer.first_name,
            last_name: customer.last_name,
            full_name: customer.full_name,
            shopify_id: customer.external_ids.shopify_id,
            wordpress_id: customer.external_ids.wordpress_id,
            prestashop_id: customer.external_ids.prestashop_id,
            fb_user_id: customer.external_ids.fb_user_id,
            ig_user_id: customer.external_ids.ig_user_id,
            ig_pseudo: customer.external_ids.ig_pseudo,
            whatsapp_id: customer.external_ids.whatsapp_id,
            zendesk_id: customer.external_ids.zendesk_id,
            freshdesk_id: customer.external_ids.freshdesk_id,
            gmelius_id: customer.external_ids.gmelius_id,
            gorgias_id: customer.external_ids.gorgias_id,
            number_of_orders: 0,
            created_at: StoredTimestamp(customer.stamp.time),
        }
    }
}

/// Everything about a customer except the number and the time of creation, to update a row. The
/// default clears it all. A test finds a column that is missing here.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = customers, treat_none_as_null = true)]
pub(crate) struct CustomerValues {
    email: Option<String>,
    email_folded: Option<String>,
    phone_number: Option<String>,
    phone_number_folded: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    shopify_id: Option<String>,
    wordpress_id: Option<String>,
    prestashop_id: Option<String>,
    fb_user_id: Option<String>,
    ig_user_id: Option<String>,
    ig_pseudo: Option<String>,
    whatsapp_id: Option<String>,
    zendesk_id: Option<String>,
    freshdesk_id: Option<String>,
    gmelius_id: Option<String>,
    gorgias_id: Option<String>,
    number_of_orders: i32,
    cms: Option<String>,
    cms_created_at: Option<StoredTimestamp>,
}

impl From<Customer> for CustomerValues {
    fn from(customer: Customer) -> Self {
        let ids = customer.external_ids;
        Self {
            email_folded: customer.email.as_deref().map(fold_email),
            email: customer.email,
            phone_number_folded: customer.phone_number.as_deref().map(fold_phone_number),
            phone_number: customer.phone_number,
            first_name: customer.first_name,
            last_name: customer.last_name,
            full_name: customer.full_name,
            shopify_id: ids.shopify_id,
            wordpress_id: ids.wordpress_id,
            prestashop_id: ids.prestashop_id,
            fb_user_id: ids.fb_user_id,
            ig_user_id: ids.ig_user_id,
            ig_pseudo: ids.ig_pseudo,
            whatsapp_id: ids.whatsapp_id,
            zendesk_id: ids.zendesk_id,
            freshdesk_id: ids.freshdesk_id,
            gmelius_id: ids.gmelius_id,
            gorgias_id: ids.gorgias_id,
            number_of_orders: customer.number_of_orders,
            cms: customer.cms,
            cms_created_at: customer.cms_created_at.map(StoredTimestamp),
        }
    }
}
