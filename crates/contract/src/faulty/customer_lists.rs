use std::cmp::Reverse;

use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{Customer, CustomerFilter, CustomerId, Page, ShopId};

use super::{Fault, FaultyStorage};
use crate::memory::{is_customer_let_through, page_of};
use crate::samples::EXTERNAL_IDS;

impl FaultyStorage {
    fn is_customer_listed(&self, filter: &CustomerFilter, customer: &Customer) -> bool {
        let (mut filter, mut customer) = (filter.clone(), customer.clone());
        match self.fault {
            Fault::IdsListedWithoutCase => {
                for (_, field) in EXTERNAL_IDS {
                    for ids in [&mut filter.external_ids, &mut customer.external_ids] {
                        field(ids).iter_mut().for_each(|id| *id = id.to_lowercase());
                    }
                }
            }
            Fault::ListedAddressExact => {
                return (filter.email.is_none() || filter.email == customer.email)
                    && is_customer_let_through(&filter, &customer);
            }
            Fault::ListedAddressFoldedInAscii => {
                let folded = |email: &Option<String>| email.as_deref().map(str::to_ascii_lowercase);
                return (filter.email.is_none() || folded(&filter.email) == folded(&customer.email))
                    && is_customer_let_through(&filter, &customer);
            }
            Fault::NoIdIsEmpty => {
                for (_, field) in EXTERNAL_IDS {
                    field(&mut customer.external_ids).get_or_insert_default();
                }
            }
            Fault::ListedIdsMixedUp => {
                let ids = &mut filter.external_ids;
                std::mem::swap(&mut ids.ig_user_id, &mut ids.ig_pseudo);
            }
            Fault::PhoneNumberIgnoredBesideEmail if filter.email.is_some() => filter.phone_number = None,
            Fault::CustomerListsBehindUpdates => {
                let outdated = self.outdated.state();
                if let Some(was) = outdated.customers.get(&(customer.shop_id, customer.id)) {
                    customer.clone_from(was);
                }
            }
            _ => {}
        }
        is_customer_let_through(&filter, &customer)
    }

    fn listed_customers(&self, shop: ShopId, filter: &CustomerFilter) -> Vec<(CustomerId, Customer)> {
        let state = self.inner.state();
        let is_of = |customer: &&Customer| {
            customer.shop_id == shop || self.fault == Fault::CustomersOfEveryShopListed
        };
        let wanted = state.customers.values().filter(is_of);
        let wanted = wanted.filter(|customer| self.is_customer_listed(filter, customer));
        let mut customers: Vec<_> = wanted.map(|customer| (customer.id, customer.clone())).collect();
        customers.sort_by_key(|(id, _)| Reverse(*id));
        if self.fault == Fault::SmallestCustomersFirst {
            customers.reverse();
        }
        customers
    }

    pub(super) fn list_of_customers(
        &self,
        shop: ShopId,
        filter: &CustomerFilter,
        after: Option<CustomerId>,
        limit: u32,
    ) -> Page<Customer, CustomerId> {
        let mut customers = self.listed_customers(shop, filter);
        if let Some(after) = after {
            match self.fault {
                Fault::CustomerOfThePlaceListed => customers.retain(|(id, _)| *id <= after),
                Fault::SmallestCustomersFirst => customers.retain(|(id, _)| *id > after),
                _ => customers.retain(|(id, _)| *id < after),
            }
        }
        let last = customers.last().map(|(id, _)| *id);
        let is_full = u32::try_from(customers.len()) == Ok(limit);
        let mut page = page_of(customers, Some(limit));
        if self.fault == Fault::FullPageOfCustomersGoesOn && is_full {
            page.next = last;
        }
        page
    }

    pub(super) fn count_of_customers(&self, shop: ShopId, filter: CustomerFilter) -> u64 {
        let filter = match self.fault {
            Fault::CustomerCountIgnoresFilter => CustomerFilter::default(),
            _ => filter,
        };
        let count = self.listed_customers(shop, &filter).len() as u64;
        match self.fault {
            Fault::CustomersOfAPageCounted => count.min(u64::from(MAX_PAGE_ENTRIES)),
            _ => count,
        }
    }
}
