//! A customer as it is stored.

use hexdesk_domain::{Customer, CustomerId, ExternalIds, NewCustomer, ShopId};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use crate::encoding::{decode, optional_timestamp, timestamp};
use crate::tables::{Json, NumberInShop};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredCustomer {
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

/// Says how [`ExternalIds`] is stored, which has nothing to check and so needs no
/// conversions. A field that the domain adds or renames does not compile here.
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
    /// A new customer has no orders yet and comes from no shop system.
    pub(super) fn of(new: NewCustomer) -> Self {
        Self {
            email: new.email,
            phone_number: new.phone_number,
            first_name: new.first_name,
            last_name: new.last_name,
            full_name: new.full_name,
            external_ids: new.external_ids,
            number_of_orders: 0,
            cms: None,
            cms_created_at: None,
            created_at: new.created_at.unix_millis(),
        }
    }

    pub(super) fn into_customer(self, shop_id: ShopId, id: CustomerId) -> anyhow::Result<Customer> {
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

/// The shop's customer of this number.
pub(crate) fn find(
    customers: &impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    id: CustomerId,
) -> anyhow::Result<Option<Customer>> {
    match customers.get((shop.get(), id.get()))? {
        Some(stored) => Ok(Some(decode::<StoredCustomer>(stored.value())?.into_customer(shop, id)?)),
        None => Ok(None),
    }
}
