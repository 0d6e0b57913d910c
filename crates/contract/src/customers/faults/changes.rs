//! Faults of updates of customers.

use hexdesk_domain::ports::{CustomerUpdate, UpdateCustomerOutcome};
use hexdesk_domain::{
    Customer, CustomerChanges, CustomerFilter, CustomerId, ShopId, StorageErrorKind, TicketView, fold_email,
};

use super::{ascii_lower, by_number, create_unless_formerly_taken, meets};
use crate::faulty::{Fault, Store, failure, fault, fits};

fn said_email(changes: &CustomerChanges) -> Option<String> {
    changes.email.clone().flatten()
}

fn has_email(customer: &Customer, changes: &CustomerChanges) -> bool {
    let email = said_email(changes).as_deref().map(fold_email);
    email.is_some() && customer.email.as_deref().map(fold_email) == email
}

impl Fault {
    /// Modifies the changes of an update.
    fn customer_changes(self, change: fn(&mut CustomerChanges)) -> Self {
        self.customer_update(move |store, shop, id, mut update| {
            change(&mut update.changes);
            Ok(store.update_customer(shop, id, update))
        })
    }

    /// Applies further changes after an update that takes effect.
    fn after_customer_update(self, more: fn(&mut Store<'_>, &mut Customer, &CustomerChanges)) -> Self {
        self.customer_update(move |store, shop, id, update| {
            let changes = update.changes.clone();
            let mut outcome = store.update_customer(shop, id, update);
            if let UpdateCustomerOutcome::Updated(customer) = &mut outcome {
                more(store, customer, &changes);
            }
            Ok(outcome)
        })
    }

    /// Keeps the state before each update that takes effect.
    fn keeping_the_state_before_customer_updates(self) -> Self {
        self.customer_update(|store, shop, id, update| {
            let before = store.state.clone();
            let outcome = store.update_customer(shop, id, update);
            if matches!(outcome, UpdateCustomerOutcome::Updated(_)) {
                *store.earlier = before;
            }
            Ok(outcome)
        })
    }

    /// Returns `EmailTaken` without updating if the predicate is true.
    fn customer_email_taken_if(
        self,
        is_taken: fn(&Store<'_>, ShopId, CustomerId, &CustomerChanges) -> bool,
    ) -> Self {
        self.customer_update(move |store, shop, id, update| {
            if is_taken(store, shop, id, &update.changes) {
                return Ok(UpdateCustomerOutcome::EmailTaken);
            }
            Ok(store.update_customer(shop, id, update))
        })
    }
}

pub(super) fn faults() -> Vec<Fault> {
    [of_accepted_updates(), of_refusals()].into_iter().flatten().collect()
}

fn of_accepted_updates() -> Vec<Fault> {
    vec![
        fault("CUSTOMER-11", "An update removes no texts.")
            .customer_changes(|changes| {
                changes.first_name.take_if(|name| name.is_none());
                changes.shopify_id.take_if(|id| id.is_none());
            })
            .found_by_the_model(),
        fault("CUSTOMER-11", "An update removes the last name unless the update has one.")
            .after_customer_update(|store, customer, changes| {
                if changes.last_name.is_none() {
                    customer.last_name = None;
                    store.customers.insert((customer.shop_id, customer.id), customer.clone());
                }
            }),
        fault("CUSTOMER-11", "The new address is stored in lower case.").customer_changes(|changes| {
            changes.email.iter_mut().flatten().for_each(|email| *email = fold_email(email));
        }),
        fault("CUSTOMER-11", "An update returns the former customer.").customer_update(
            |store, shop, id, update| {
                let before = store.customers.get(&(shop, id)).cloned();
                let outcome = store.update_customer(shop, id, update);
                Ok(match (outcome, before) {
                    (UpdateCustomerOutcome::Updated(_), Some(before)) => {
                        UpdateCustomerOutcome::Updated(Box::new(before))
                    }
                    (outcome, _) => outcome,
                })
            },
        ),
        fault("CUSTOMER-11", "Customers with the same number in other shops change, too.")
            .after_customer_update(|store, customer, _| {
                for there in store.customers.values_mut().filter(|there| there.id == customer.id) {
                    there.full_name.clone_from(&customer.full_name);
                }
            }),
        fault("CUSTOMER-11", "Filters match the values from before an update.")
            .keeping_the_state_before_customer_updates()
            .customer_list(|store, shop, filter| {
                let is_listed = |customer: &&Customer| {
                    meets(store.earlier.customers.get(&(shop, customer.id)).unwrap_or(customer), filter)
                };
                by_number(store.customers_of(shop).filter(is_listed).cloned())
            }),
        fault("CUSTOMER-11", "Tickets show the customer's values from before an update.")
            .keeping_the_state_before_customer_updates()
            .find_ticket(|store, shop, id| {
                let Some(view) = store.find_ticket(shop, id) else { return Ok(None) };
                let before = store.earlier.customers.get(&(shop, view.customer.id)).cloned();
                Ok(Some(TicketView { customer: before.unwrap_or(view.customer), ..view }))
            }),
        fault("CUSTOMER-11", "An update raises the versions of the customer's tickets.")
            .after_customer_update(|store, customer, _| {
                let tickets = store.tickets.values_mut().map(|stored| &mut stored.ticket);
                let theirs = (customer.shop_id, customer.id);
                for ticket in tickets.filter(|ticket| (ticket.shop_id, ticket.customer_id) == theirs) {
                    ticket.version += 1;
                }
            }),
    ]
}

fn of_refusals() -> Vec<Fault> {
    vec![
        fault("CUSTOMER-18", "An empty update of a customer without address and phone number is refused.")
            .customer_update(|store, shop, id, update| {
                let is_unreachable = |it: &Customer| it.email.is_none() && it.phone_number.is_none();
                if store.customers.get(&(shop, id)).is_some_and(is_unreachable) {
                    return Ok(UpdateCustomerOutcome::Unreachable);
                }
                Ok(store.update_customer(shop, id, update))
            }),
        fault("CUSTOMER-18", "An empty update removes a name.").customer_update(|store, shop, id, update| {
            let is_empty = update.changes.is_empty();
            let outcome = store.update_customer(shop, id, update);
            if let Some(customer) = store.customers.get_mut(&(shop, id)).filter(|_| is_empty) {
                customer.first_name = None;
            }
            Ok(outcome)
        }),
        fault("CUSTOMER-12", "An update to an address whose folded form has more than 511 bytes fails.")
            .customer_update(|store, shop, id, update| {
                if said_email(&update.changes).is_some_and(|email| !fits(&fold_email(&email))) {
                    return Err(failure(StorageErrorKind::Unexpected, "update_customer"));
                }
                Ok(store.update_customer(shop, id, update))
            }),
        fault("CUSTOMER-12", "An update can remove both the address and the phone number.").customer_update(
            |store, shop, id, update| {
                let outcome = store.update_customer(shop, id, update.clone());
                if outcome != UpdateCustomerOutcome::Unreachable {
                    return Ok(outcome);
                }
                let phone_number = Some(Some("kept only during the update".into()));
                let changes = CustomerChanges { phone_number, ..update.changes };
                store.update_customer(shop, id, CustomerUpdate { changes, ..update });
                let Some(customer) = store.customers.get_mut(&(shop, id)) else { return Ok(outcome) };
                customer.phone_number = None;
                Ok(UpdateCustomerOutcome::Updated(Box::new(customer.clone())))
            },
        ),
        fault("CUSTOMER-12", "A taken address is checked before the customer.").customer_email_taken_if(
            |store, shop, id, changes| {
                store.customers_of(shop).any(|there| there.id != id && has_email(there, changes))
            },
        ),
        fault("CUSTOMER-12", "A phone number that another customer has is taken.").customer_email_taken_if(
            |store, shop, id, changes| {
                let phone_number = changes.phone_number.clone().flatten();
                let filter = CustomerFilter { phone_number, ..CustomerFilter::default() };
                let others = store.filtered_customers(shop, &filter);
                let is_taken = filter.phone_number.is_some() && others.iter().any(|(other, _)| *other != id);
                is_taken && store.customers.contains_key(&(shop, id))
            },
        ),
        fault("CUSTOMER-12", "An id on Instagram does not reach a customer.").customer_update(
            |store, shop, id, update| {
                let before = store.customers.get(&(shop, id)).cloned();
                let outcome = store.update_customer(shop, id, update);
                let is_refused = |it: &Customer| it.email.is_none() && it.phone_number.is_none();
                match (&outcome, before) {
                    (UpdateCustomerOutcome::Updated(after), Some(before))
                        if is_refused(after) && **after != before =>
                    {
                        store.customers.insert((shop, id), before);
                        Ok(UpdateCustomerOutcome::Unreachable)
                    }
                    _ => Ok(outcome),
                }
            },
        ),
        fault("CUSTOMER-11", "The full name does not follow first and last name.").customer_update(
            |store, shop, id, mut update| {
                let full_name = store.customers.get(&(shop, id)).map(|there| there.full_name.clone());
                if update.changes.full_name.is_none() && !update.changes.is_empty() {
                    update.changes.full_name = full_name;
                }
                Ok(store.update_customer(shop, id, update))
            },
        ),
        fault("CUSTOMER-12", "An update ignores the case of taken addresses of customers in ASCII only.")
            .customer_update(|store, shop, id, update| {
                let outcome = store.update_customer(shop, id, update.clone());
                let email = said_email(&update.changes);
                let is_seen = |there: &Customer| ascii_lower(&there.email) == ascii_lower(&email);
                if outcome != UpdateCustomerOutcome::EmailTaken || store.customers_of(shop).any(is_seen) {
                    return Ok(outcome);
                }
                let is_other = |place: &(ShopId, CustomerId), _: &mut Customer| *place != (shop, id);
                let others: Vec<_> = store.customers.extract_if(.., is_other).collect();
                let outcome = store.update_customer(shop, id, update);
                store.customers.extend(others);
                Ok(outcome)
            }),
        fault("CUSTOMER-12", "An address that a customer of another shop has is taken.")
            .customer_email_taken_if(|store, shop, id, changes| {
                store.customers.contains_key(&(shop, id))
                    && store.customers.values().any(|it| it.shop_id != shop && has_email(it, changes))
            }),
        fault("CUSTOMER-12", "A customer's own address in another case is taken.").customer_email_taken_if(
            |store, shop, id, changes| {
                let own = store.customers.get(&(shop, id));
                own.is_some_and(|own| has_email(own, changes) && own.email != said_email(changes))
            },
        ),
        fault("CUSTOMER-12", "A refused update changes all except address and phone number.")
            .customer_update(|store, shop, id, update| {
                let outcome = store.update_customer(shop, id, update.clone());
                if !matches!(outcome, UpdateCustomerOutcome::Updated(_)) {
                    let changes = CustomerChanges { email: None, phone_number: None, ..update.changes };
                    store.update_customer(shop, id, CustomerUpdate { changes, ..update });
                }
                Ok(outcome)
            })
            .found_by_the_model(),
        fault("CUSTOMER-12", "An address that an update gave up stays taken.")
            .keeping_the_state_before_customer_updates()
            .customer_creation(create_unless_formerly_taken),
    ]
}
