//! Faults of creations and lists of customers.

mod changes;
pub(crate) mod erasure;
mod merges;

use std::cmp::Reverse;

use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{
    Customer, CustomerFilter, CustomerId, ExternalIds, NewCustomer, Page, SamePerson, ShopId, StorageError,
    StorageErrorKind, fold_email, fold_phone_number,
};

use crate::faulty::{Fault, KEY_BYTES, Store, cut, failure, fault, fits, full_page_goes_on, rest};
use crate::page_faults::page_faults;
use crate::samples::EXTERNAL_IDS;

fn emptied(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn ascii_lower(email: &Option<String>) -> Option<String> {
    email.as_deref().map(str::to_ascii_lowercase)
}

/// Creates a customer without checking the other customers.
pub(crate) fn create_unseen(
    store: &mut Store<'_>,
    shop: ShopId,
    new: NewCustomer,
) -> Result<CreateCustomerOutcome, StorageError> {
    let id = new.id.or(store.next_customer_id(shop));
    let others = std::mem::take(&mut store.customers);
    let outcome = store.create_customer(shop, NewCustomer { id, ..new });
    store.customers.extend(others);
    outcome
}

/// Creates a customer while those who meet the predicate are hidden.
fn create_without(
    store: &mut Store<'_>,
    shop: ShopId,
    new: NewCustomer,
    is_hidden: impl Fn(&NewCustomer, &Customer) -> bool,
) -> Result<CreateCustomerOutcome, StorageError> {
    let id = new.id.or(store.next_customer_id(shop));
    let hidden: Vec<_> =
        store.customers.extract_if(.., |_, there| there.shop_id == shop && is_hidden(&new, there)).collect();
    let outcome = store.create_customer(shop, NewCustomer { id, ..new });
    store.customers.extend(hidden);
    outcome
}

/// If a customer meets the predicate, fills in the first of them. Otherwise creates the new one.
fn create_with_only(
    store: &mut Store<'_>,
    shop: ShopId,
    new: NewCustomer,
    is_same: impl Fn(&NewCustomer, &Customer) -> bool,
) -> Result<CreateCustomerOutcome, StorageError> {
    match store.customers.values_mut().find(|there| there.shop_id == shop && is_same(&new, there)) {
        Some(there) => {
            there.fill_in(&new);
            Ok(CreateCustomerOutcome::Existing(there.clone()))
        }
        None => store.create_customer(shop, new),
    }
}

/// Creates a customer, unless the address was taken earlier and is free now.
fn create_unless_formerly_taken(
    store: &mut Store<'_>,
    shop: ShopId,
    new: NewCustomer,
) -> Result<CreateCustomerOutcome, StorageError> {
    let email = new.email.as_deref().map(fold_email);
    let has_it = |customer: &&Customer| email.is_some() && customer.email.as_deref().map(fold_email) == email;
    if store.customers_of(shop).find(has_it).is_none()
        && let Some(former) = store.earlier.customers_of(shop).find(has_it)
    {
        return Ok(CreateCustomerOutcome::Existing(former.clone()));
    }
    store.create_customer(shop, new)
}

fn by_number(customers: impl Iterator<Item = Customer>) -> Vec<(CustomerId, Customer)> {
    let mut customers: Vec<_> = customers.map(|customer| (customer.id, customer)).collect();
    customers.sort_by_key(|(id, _)| Reverse(*id));
    customers
}

fn meets(customer: &Customer, filter: &CustomerFilter) -> bool {
    filter.matches(customer)
}

impl Fault {
    /// Replaces the list, and with it the count.
    fn customer_list(
        self,
        list: impl Fn(&Store<'_>, ShopId, &CustomerFilter) -> Vec<(CustomerId, Customer)>
        + Copy
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.list_customers(move |store, shop, filter, after, size| {
            let customers = list(store, shop, &filter);
            Ok(Page::cut(rest(customers, after, |id, after| id < after), size))
        })
        .count_customers(move |store, shop, filter| Ok(list(store, shop, &filter).len() as u64))
    }

    /// Changes the filter and each customer before the comparison. Returning `false` leaves the
    /// customer out.
    fn customer_filter(self, is_kept: fn(&mut CustomerFilter, &mut Customer) -> bool) -> Self {
        self.customer_list(move |store, shop, filter| {
            let is_listed = |customer: &&Customer| {
                let (mut filter, mut customer) = (filter.clone(), (*customer).clone());
                is_kept(&mut filter, &mut customer) && meets(&customer, &filter)
            };
            by_number(store.customers_of(shop).filter(is_listed).cloned())
        })
    }
}

pub(crate) fn faults() -> Vec<Fault> {
    [of_creations(), of_lists(), of_sizes(), changes::faults(), erasure::faults(), merges::faults()]
        .into_iter()
        .flatten()
        .collect()
}

fn of_creations() -> Vec<Fault> {
    vec![
        fault("CUSTOMER-1", "An empty text becomes no text.").customer_creation(|store, shop, new| {
            let shopify_id = emptied(new.external_ids.shopify_id);
            let new = NewCustomer {
                first_name: emptied(new.first_name),
                last_name: emptied(new.last_name),
                full_name: emptied(new.full_name),
                external_ids: ExternalIds { shopify_id, ..new.external_ids },
                ..new
            };
            store.create_customer(shop, new)
        }),
        fault("CUSTOMER-1", "Two external ids of a new customer are swapped.").customer_creation(
            |store, shop, mut new| {
                let ids = &mut new.external_ids;
                std::mem::swap(&mut ids.ig_user_id, &mut ids.ig_pseudo);
                store.create_customer(shop, new)
            },
        ),
        fault("CUSTOMER-2", "The case of customers' e-mail addresses is ignored in ASCII only.")
            .customer_creation(|store, shop, new| {
                let outcome = store.create_customer(shop, new.clone())?;
                match &outcome {
                    CreateCustomerOutcome::Existing(there)
                        if there.phone_number != new.phone_number
                            && ascii_lower(&there.email) != ascii_lower(&new.email) =>
                    {
                        create_unseen(store, shop, new)
                    }
                    _ => Ok(outcome),
                }
            })
            .found_by_the_model(),
        fault("CUSTOMER-2", "Folded addresses of customers are cut at 511 bytes.").customer_creation(
            |store, shop, new| {
                let key =
                    |email: &Option<String>| email.as_deref().map(|email| cut(&fold_email(email), KEY_BYTES));
                let has_it = |there: &&Customer| new.email.is_some() && key(&there.email) == key(&new.email);
                let existing = store.customers_of(shop).find(has_it).cloned();
                match existing {
                    Some(there) => Ok(CreateCustomerOutcome::Existing(there)),
                    None => store.create_customer(shop, new),
                }
            },
        ),
        fault("CUSTOMER-2", "A customer whose folded address has more than 511 bytes is refused.")
            .customer_creation(|store, shop, new| {
                if new.email.as_deref().is_some_and(|email| !fits(&fold_email(email))) {
                    return Err(failure(StorageErrorKind::Unexpected, "create_customer"));
                }
                store.create_customer(shop, new)
            }),
        fault("CUSTOMER-3", "Phone numbers are cut at 127 bytes.").customer_creation(|store, shop, new| {
            let key = |number: &Option<String>| number.as_deref().map(|number| cut(number, 127));
            let has_it = |there: &&Customer| {
                new.phone_number.is_some() && key(&there.phone_number) == key(&new.phone_number)
            };
            let existing = store.customers_of(shop).find(has_it).cloned();
            match existing {
                Some(there) if new.email.is_none() => Ok(CreateCustomerOutcome::Existing(there)),
                _ => store.create_customer(shop, new),
            }
        }),
        fault("CUSTOMER-3", "A match by phone number wins.").customer_creation(|store, shop, new| {
            create_with_only(store, shop, new, |new, there| {
                new.phone_number.is_some() && there.phone_number == new.phone_number
            })
        }),
        fault("CUSTOMER-3", "Phone numbers are compared character for character.").customer_creation(
            |store, shop, new| {
                create_without(store, shop, new, |new, there| {
                    new.is_same(there) == Some(SamePerson::PhoneNumber)
                        && there.phone_number != new.phone_number
                })
            },
        ),
        fault("CUSTOMER-3", "A customer with another address is found by phone number.")
            .customer_creation(|store, shop, new| {
                let number = |number: &Option<String>| number.as_deref().map(fold_phone_number);
                let has_it = |there: &&Customer| {
                    new.phone_number.is_some() && number(&there.phone_number) == number(&new.phone_number)
                };
                let outcome = store.create_customer(shop, new.clone())?;
                let existing = store.customers_of(shop).find(has_it).cloned();
                match (outcome, existing) {
                    (CreateCustomerOutcome::Created(created), Some(there)) if there.id != created.id => {
                        store.customers.remove(&(shop, created.id));
                        Ok(CreateCustomerOutcome::Existing(there))
                    }
                    (outcome, _) => Ok(outcome),
                }
            })
            .found_by_the_model(),
        fault("CUSTOMER-21", "Customers are not found by their ids in other systems.").customer_creation(
            |store, shop, new| {
                create_without(store, shop, new, |new, there| {
                    matches!(new.is_same(there), Some(SamePerson::ExternalId(_)))
                })
            },
        ),
        fault("CUSTOMER-21", "The case of ids in other systems is ignored.").customer_creation(
            |store, shop, new| {
                create_with_only(store, shop, new, |new, there| {
                    let lower = |id: &&Option<String>| id.as_deref().unwrap_or_default().to_lowercase();
                    let ids = new.external_ids.all().into_iter().zip(there.external_ids.all());
                    ids.into_iter().any(|(new, id)| !lower(&new).is_empty() && lower(&new) == lower(&id))
                })
            },
        ),
        fault("CUSTOMER-21", "Of several customers with an id, the last is returned.").customer_creation(
            |store, shop, new| {
                let same = |there: &Customer| new.is_same(there);
                let best = store.customers_of(shop).filter_map(same).min();
                let last = store.customers_of(shop).filter(|there| same(there) == best).last().cloned();
                match last.filter(|_| best.is_some()) {
                    Some(there) => create_with_only(store, shop, new, move |_, other| other.id == there.id),
                    None => store.create_customer(shop, new),
                }
            },
        ),
        fault("CUSTOMER-22", "An existing customer is returned as it was.")
            .customer_creation(|store, shop, new| {
                let before = store.customers.clone();
                let outcome = store.create_customer(shop, new)?;
                Ok(match outcome {
                    CreateCustomerOutcome::Existing(there) => {
                        store.customers = before;
                        let there = store.customers.get(&(shop, there.id)).cloned().unwrap_or(there);
                        CreateCustomerOutcome::Existing(there)
                    }
                    outcome => outcome,
                })
            })
            .found_by_the_model(),
        fault("CUSTOMER-22", "An existing customer gets the new names.").customer_creation(
            |store, shop, new| {
                let outcome = store.create_customer(shop, new.clone())?;
                if let CreateCustomerOutcome::Existing(there) = &outcome
                    && let Some(there) = store.customers.get_mut(&(shop, there.id))
                    && new.last_name.is_some()
                {
                    there.last_name = new.last_name;
                    return Ok(CreateCustomerOutcome::Existing(there.clone()));
                }
                Ok(outcome)
            },
        ),
        fault("CUSTOMER-4", "A customer is found by number in any shop.").find_customer(|store, shop, id| {
            let of_shop = store.customers.get(&(shop, id));
            Ok(of_shop.or_else(|| store.customers.values().find(|there| there.id == id)).cloned())
        }),
        fault("CUSTOMER-5", "Customers get the smallest free number.").customer_creation(
            |store, shop, new| {
                let is_free = |id: &CustomerId| !store.customers.contains_key(&(shop, *id));
                let id = new.id.or_else(|| (1..).filter_map(CustomerId::new).find(is_free));
                store.create_customer(shop, NewCustomer { id, ..new })
            },
        ),
        fault("CUSTOMER-6", "A creation with a taken number overwrites that customer's name.")
            .customer_creation(|store, shop, new| {
                let outcome = store.create_customer(shop, new.clone())?;
                if outcome == CreateCustomerOutcome::IdTaken
                    && let Some(there) = new.id.and_then(|id| store.customers.get_mut(&(shop, id)))
                {
                    there.first_name = new.first_name;
                }
                Ok(outcome)
            }),
        fault("CUSTOMER-19", "One sequence numbers the customers of all shops.").customer_creation(
            |store, shop, new| {
                let last = store.customers.keys().map(|(_, id)| id.get()).max().unwrap_or_default();
                let id = new.id.or_else(|| CustomerId::new(last + 1));
                store.create_customer(shop, NewCustomer { id, ..new })
            },
        ),
    ]
}

/// Pages that end by bytes.
fn of_sizes() -> Vec<Fault> {
    let faults = page_faults!("customers").map(|(broken, sentence)| {
        fault("CUSTOMER-10", sentence).list_customers(move |store, shop, filter, after, size| {
            let customers = store.filtered_customers(shop, &filter);
            Ok(broken.page_of(rest(customers, after, |id, after| id < after), size))
        })
    });
    faults.into()
}

fn of_lists() -> Vec<Fault> {
    vec![
        fault("CUSTOMER-9", "The case of external ids is ignored.")
            .customer_filter(|filter, customer| {
                for (_, field) in EXTERNAL_IDS {
                    for ids in [&mut filter.external_ids, &mut customer.external_ids] {
                        field(ids).iter_mut().for_each(|id| *id = id.to_lowercase());
                    }
                }
                true
            })
            .found_by_the_model(),
        fault("CUSTOMER-9", "The filter compares addresses character for character.")
            .customer_filter(|filter, customer| filter.email.is_none() || filter.email == customer.email),
        fault("CUSTOMER-9", "Filters ignore the case in ASCII only.").customer_filter(|filter, customer| {
            filter.email.is_none() || ascii_lower(&filter.email) == ascii_lower(&customer.email)
        }),
        fault("CUSTOMER-9", "Filters compare addresses in their first 511 bytes.").customer_filter(
            |filter, customer| {
                for email in [&mut filter.email, &mut customer.email].into_iter().flatten() {
                    *email = cut(&fold_email(email), KEY_BYTES);
                }
                true
            },
        ),
        fault("CUSTOMER-9", "External ids are compared in their first 511 bytes.").customer_filter(
            |filter, customer| {
                for (_, field) in EXTERNAL_IDS {
                    for ids in [&mut filter.external_ids, &mut customer.external_ids] {
                        field(ids).iter_mut().for_each(|id| *id = cut(id, KEY_BYTES));
                    }
                }
                true
            },
        ),
        fault("CUSTOMER-9", "A missing external id counts as empty.").customer_filter(|_, customer| {
            for (_, field) in EXTERNAL_IDS {
                field(&mut customer.external_ids).get_or_insert_default();
            }
            true
        }),
        fault("CUSTOMER-9", "Two external ids of a filter are swapped.").customer_filter(|filter, _| {
            let ids = &mut filter.external_ids;
            std::mem::swap(&mut ids.ig_user_id, &mut ids.ig_pseudo);
            true
        }),
        fault("CUSTOMER-9", "A filter with an address ignores the number.").customer_filter(|filter, _| {
            filter.phone_number.take_if(|_| filter.email.is_some());
            true
        }),
        fault("CUSTOMER-23", "Only whole words are found.").customer_list(|store, shop, filter| {
            let mut customers = store.filtered_customers(shop, filter);
            customers.retain(|(_, customer)| filter.words.is_subset(&customer.words()));
            customers
        }),
        fault("CUSTOMER-23", "One of the words is enough.").customer_list(|store, shop, filter| {
            let any = filter
                .words
                .iter()
                .map(|word| CustomerFilter { words: [word.clone()].into(), ..filter.clone() });
            let mut filters: Vec<_> = any.collect();
            if filters.is_empty() {
                filters.push(filter.clone());
            }
            let is_found = |customer: &&Customer| filters.iter().any(|filter| meets(customer, filter));
            by_number(store.customers_of(shop).filter(is_found).cloned())
        }),
        fault("CUSTOMER-23", "Words of tickets are found.").customer_list(|store, shop, filter| {
            let any = CustomerFilter { words: Default::default(), ..filter.clone() };
            let has_ticket = |customer: &Customer| {
                store
                    .tickets
                    .values()
                    .any(|stored| stored.ticket.customer_id == customer.id && stored.ticket.shop_id == shop)
            };
            let is_found = |customer: &&Customer| {
                meets(customer, filter)
                    || !filter.words.is_empty() && meets(customer, &any) && has_ticket(customer)
            };
            by_number(store.customers_of(shop).filter(is_found).cloned())
        }),
        fault("CUSTOMER-9", "Lists hold the customers of all shops.").customer_list(|store, _, filter| {
            by_number(store.customers.values().filter(|customer| meets(customer, filter)).cloned())
        }),
        fault("CUSTOMER-9", "Customers are listed with the smallest number first.").customer_list(
            |store, shop, filter| {
                let mut customers = store.filtered_customers(shop, filter);
                customers.reverse();
                customers
            },
        ),
        fault("CUSTOMER-10", "A full page of customers always has a next one.")
            .list_customers(|store, shop, filter, after, size| {
                let customers = store.filtered_customers(shop, &filter);
                Ok(full_page_goes_on(rest(customers, after, |id, after| id < after), size))
            })
            .found_by_the_model(),
        fault("CUSTOMER-10", "A page begins with the customer at the given position.").list_customers(
            |store, shop, filter, after, size| {
                let mut customers = store.filtered_customers(shop, &filter);
                customers.retain(|(id, _)| after.is_none_or(|after| *id <= after));
                Ok(Page::cut(customers, size))
            },
        ),
        fault("CUSTOMER-10", "Counts of customers end at a full page.").count_customers(
            |store, shop, filter| {
                let count = store.filtered_customers(shop, &filter).len() as u64;
                Ok(count.min(u64::from(MAX_PAGE_ENTRIES)))
            },
        ),
        fault("CUSTOMER-10", "The count of customers ignores the filter.")
            .count_customers(|store, shop, _| Ok(store.customers_of(shop).count() as u64)),
    ]
}
