//! Faults of merges of customers.

use hexdesk_domain::ports::{CustomerMerge, MergeCustomersOutcome};
use hexdesk_domain::{Customer, CustomerId, EventKind, NewCustomer, ShopId};

use crate::faulty::{Fault, Store, fault};
use crate::memory::State;

impl Fault {
    /// Changes the state after a merge that took effect. The second argument is the state before it.
    fn after_merge(self, more: fn(&mut Store<'_>, &State, ShopId, CustomerMerge, &mut Customer)) -> Self {
        self.customer_merge(move |store, shop, merge| {
            let before = store.state.clone();
            let mut outcome = store.merge_customers(shop, merge);
            if let MergeCustomersOutcome::Merged(remaining) = &mut outcome {
                more(store, &before, shop, merge, remaining);
            }
            Ok(outcome)
        })
    }
}

pub(super) fn faults() -> Vec<Fault> {
    vec![
        fault("CUSTOMER-24", "A merge raises the versions of the tickets.").after_merge(
            |store, _, shop, merge, _| {
                let tickets = store.tickets.values_mut().map(|stored| &mut stored.ticket);
                for ticket in tickets.filter(|it| (it.shop_id, it.customer_id) == (shop, merge.into)) {
                    ticket.version += 1;
                }
            },
        ),
        fault("CUSTOMER-24", "Comments keep the merged customer.").after_merge(
            |store, before, shop, _, _| {
                for ((owner, id), comment) in
                    store.state.comments.iter_mut().filter(|((owner, _), _)| *owner == shop)
                {
                    if let Some(before) = before.comments.get(&(*owner, *id)) {
                        comment.customer_id = before.customer_id;
                    }
                }
            },
        ),
        fault("CUSTOMER-24", "A merge fills in nothing.").after_merge(
            |store, before, shop, merge, remaining| {
                if let Some(before) = before.customers.get(&(shop, merge.into)) {
                    *remaining = before.clone();
                    store.customers.insert((shop, merge.into), before.clone());
                }
            },
        ),
        fault("CUSTOMER-24", "The merged customer stays.").after_merge(|store, before, shop, merge, _| {
            if let Some(before) = before.customers.get(&(shop, merge.from)) {
                let merged = Customer { email: None, ..before.clone() };
                store.customers.insert((shop, merge.from), merged);
            }
        }),
        fault("CUSTOMER-24", "Tickets of every shop move.").after_merge(|store, _, _, merge, _| {
            let tickets = store.tickets.values_mut().map(|stored| &mut stored.ticket);
            for ticket in tickets.filter(|ticket| ticket.customer_id == merge.from) {
                ticket.customer_id = merge.into;
            }
        }),
        fault("CUSTOMER-25", "The customer to merge is checked first.").customer_merge(
            |store, shop, merge| {
                if store.customers.contains_key(&(shop, merge.from)) {
                    return Ok(store.merge_customers(shop, merge));
                }
                Ok(MergeCustomersOutcome::CustomerNotFound(merge.from))
            },
        ),
        fault("CUSTOMER-25", "A refused merge leads to the other customer.").customer_merge(
            |store, shop, merge| {
                let outcome = store.merge_customers(shop, merge);
                if matches!(outcome, MergeCustomersOutcome::CustomerNotFound(_)) {
                    store.merged_customers.insert((shop, merge.from), merge.into);
                }
                Ok(outcome)
            },
        ),
        fault("CUSTOMER-26", "A number leads to the customer of the first merge.").after_merge(
            |store, before, _, _, _| store.merged_customers.extend(before.merged_customers.clone()),
        ),
        fault("CUSTOMER-26", "The number of a merged customer is free.").customer_creation(
            |store, shop, new: NewCustomer| {
                let merged = std::mem::take(&mut store.merged_customers);
                let next: Option<CustomerId> = store.next_customer_id(shop);
                let id = new.id.or(next);
                let outcome = store.create_customer(shop, NewCustomer { id, ..new });
                store.merged_customers = merged;
                outcome
            },
        ),
        fault("CUSTOMER-26", "The number of a merged customer leads to an erased one.").erase_customer(
            |store, shop, id, stamp| {
                let merged = store.merged_customers.clone();
                let erased = store.erase_customer(shop, id, stamp);
                store.merged_customers = merged;
                Ok(erased)
            },
        ),
        fault("CUSTOMER-27", "A merge is not logged.").after_merge(|store, _, shop, _, _| {
            let log = store.events.entry(shop).or_default();
            log.retain(|event| event.kind != EventKind::CustomerMerged);
        }),
        fault("CUSTOMER-27", "The remaining customer is not logged.").after_merge(
            |store, before, shop, _, _| {
                let length = before.events.get(&shop).map_or(0, Vec::len);
                let log = store.events.entry(shop).or_default();
                let mut place = 0;
                log.retain(|event| {
                    place += 1;
                    place <= length || event.kind != EventKind::CustomerUpdated
                });
            },
        ),
        fault("CUSTOMER-28", "An erasure leaves what names a merged customer.").erase_customer(
            |store, shop, id, stamp| {
                let merged = std::mem::take(&mut store.merged_customers);
                let erased = store.erase_customer(shop, id, stamp);
                store
                    .merged_customers
                    .extend(merged.into_iter().filter(|((owner, _), into)| *owner != shop || *into != id));
                Ok(erased)
            },
        ),
    ]
}
