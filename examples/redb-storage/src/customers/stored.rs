//! The stored form of a customer.

use anyhow::Context;
use hexdesk_domain::{Customer, CustomerId, ExternalIds, ShopId, Timestamp};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use crate::encoding::{decode, optional_timestamp, timestamp};
use crate::tables::{Json, NumberInShop};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredCustomer {
    email: Option<String>,
    phone_number: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    #[serde(with = "StoredExternalIds")]
    external_ids: ExternalIds,
    number_of_orders: i32,
    cms: Option<String>,
    cms_created_at: Option<i64>,
    created_at: i64,
}

/// The stored form of [`ExternalIds`]. It has nothing to check, so it needs no conversions. If
/// the domain adds or renames a field, this does not compile.
#[derive(Serialize, Deserialize)]
#[serde(remote = "ExternalIds", deny_unknown_fields)]
struct StoredExternalIds {
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
}

impl StoredCustomer {
    pub(crate) fn of(customer: Customer) -> Self {
        Self {
            email: customer.email,
            phone_number: customer.phone_number,
            first_name: customer.first_name,
            last_name: customer.last_name,
            full_name: customer.full_name,
            external_ids: customer.external_ids,
            number_of_orders: customer.number_of_orders,
            cms: customer.cms,
            cms_created_at: customer.cms_created_at.map(Timestamp::unix_millis),
            created_at: customer.created_at.unix_millis(),
        }
    }

    pub(crate) fn into_customer(self, shop_id: ShopId, id: CustomerId) -> anyhow::Result<Customer> {
        Ok(Customer {
            id,
            shop_id,
            email: self.email,
            phone_number: self.phone_number,
            first_name: self.first_name,
            last_name: self.last_name,
            full_name: self.full_name,
            external_ids: self.external_ids,
            number_of_orders: self.number_of_orders,
            cms: self.cms,
            cms_created_at: optional_timestamp(self.cms_created_at)?,
            created_at: timestamp(self.created_at)?,
        })
    }
}

/// Decodes the customer stored under this number of the shop.
pub(super) fn customer(shop: ShopId, number: i64, stored: &[u8]) -> anyhow::Result<Customer> {
    let id = CustomerId::new(number).context("a stored customer number is out of range")?;
    decode::<StoredCustomer>(stored)?.into_customer(shop, id)
}

/// Returns the shop's customer with this number.
pub(crate) fn find(
    customers: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    id: CustomerId,
) -> anyhow::Result<Option<Customer>> {
    customers.get((shop.get(), id.get()))?.map(|stored| customer(shop, id.get(), stored.value())).transpose()
}
