//! Faults of the erasure of customers.

use hexdesk_domain::ports::Erased;
use hexdesk_domain::{AuditStamp, Customer, CustomerId, ExternalIds, Fingerprint, Receipt, ShopId, Ticket};

use super::create_unless_formerly_taken;
use crate::faulty::{Fault, Store, fault};
use crate::memory::{IdempotencyRecord, State};

/// An erasure that took effect.
pub(crate) struct Erasure<'a> {
    pub(crate) before: &'a State,
    pub(crate) shop: ShopId,
    pub(crate) id: CustomerId,
    pub(crate) stamp: AuditStamp,
    pub(crate) erased: &'a mut Erased,
}

impl Erasure<'_> {
    /// The customer's tickets from before the erasure.
    fn tickets(&self) -> impl DoubleEndedIterator<Item = &Ticket> {
        let tickets = self.before.tickets.values().map(|stored| &stored.ticket);
        tickets.filter(|ticket| (ticket.shop_id, ticket.customer_id) == (self.shop, self.id))
    }
}

impl Fault {
    /// Changes the state and the result of an erasure.
    pub(crate) fn after_erasure(
        self,
        more: impl Fn(&mut Store<'_>, Erasure<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.erase_customer(move |store, shop, id, stamp| {
            let before = store.state.clone();
            let Some(mut erased) = store.erase_customer(shop, id, stamp) else { return Ok(None) };
            more(store, Erasure { before: &before, shop, id, stamp, erased: &mut erased });
            Ok(Some(erased))
        })
    }
}

pub(super) fn faults() -> Vec<Fault> {
    vec![
        fault("CUSTOMER-15", "An erasure counts only the open human tickets.").after_erasure(|_, erasure| {
            let ids = erasure.tickets().map(|ticket| (ticket.shop_id, ticket.id));
            let views = ids.filter_map(|(shop, id)| erasure.before.find_ticket(shop, id));
            let human_tickets = views.filter_map(|view| view.human_ticket);
            let open = human_tickets.filter(|human_ticket| human_ticket.closed_at.is_none()).count();
            erasure.erased.human_tickets = open as u64;
        }),
        fault("CUSTOMER-15", "An erasure counts only comments by the customer.")
            .after_erasure(|_, erasure| {
                let comments = erasure.before.comments.values();
                let of_tickets =
                    comments.filter(|it| (it.shop_id, it.customer_id) == (erasure.shop, erasure.id));
                erasure.erased.comments = of_tickets.filter(|it| !it.is_from_shop).count() as u64;
            })
            .found_by_the_model(),
        fault("CUSTOMER-15", "Customers of other shops are erased.").after_erasure(|store, erasure| {
            for other in erasure.before.shops.keys() {
                store.erase_customer(*other, erasure.id, erasure.stamp);
            }
        }),
        fault("CUSTOMER-15", "Records of customers with the same number in every shop are removed.")
            .after_erasure(|store, Erasure { id, .. }| {
                store.idempotency_records.retain(|_, record| record.receipt.customer_id != Some(id));
            }),
        fault("CUSTOMER-15", "All the shop's records are lost.").after_erasure(
            |store, Erasure { shop, .. }| {
                store.idempotency_records.retain(|(owner, ..), _| *owner != shop);
            },
        ),
        fault("CUSTOMER-15", "No record is removed.").after_erasure(|store, Erasure { before, .. }| {
            store.idempotency_records.clone_from(&before.idempotency_records);
        }),
        fault("CUSTOMER-15", "Only records of new tickets are removed.")
            .after_erasure(|store, Erasure { before, .. }| {
                let records = before.idempotency_records.clone().into_iter();
                let others = records.filter(|((_, operation, _), _)| operation != "create_ticket");
                store.idempotency_records.extend(others);
            })
            .found_by_the_model(),
        fault("CUSTOMER-15", "The customer stays, reduced to a number.").after_erasure(
            |store, Erasure { before, shop, id, .. }| {
                let blank = before.customers.get(&(shop, id)).cloned().map(|customer| Customer {
                    email: None,
                    phone_number: Some(String::new()),
                    first_name: None,
                    last_name: None,
                    full_name: None,
                    external_ids: ExternalIds::default(),
                    ..customer
                });
                store.customers.extend(blank.map(|blank| ((shop, id), blank)));
            },
        ),
        fault("CUSTOMER-15", "The last of more than 100 tickets stays.").after_erasure(|store, erasure| {
            if erasure.erased.tickets > 100 {
                let place = erasure.tickets().next_back().map(|ticket| (ticket.shop_id, ticket.id));
                let last = place.and_then(|place| Some((place, erasure.before.tickets.get(&place)?.clone())));
                store.tickets.extend(last);
                erasure.erased.tickets -= 1;
            }
        }),
        fault("CUSTOMER-15", "An unknown customer is erased.").erase_customer(|store, shop, id, stamp| {
            Ok(Some(store.erase_customer(shop, id, stamp).unwrap_or_default()))
        }),
        fault("CUSTOMER-15", "The tickets' assignees are erased.").after_erasure(|store, erasure| {
            for user in erasure.tickets().filter_map(|ticket| ticket.assigned_to) {
                store.users.remove(&(erasure.shop, user));
            }
        }),
        fault("CUSTOMER-16", "A new customer gets the number of an erased one.")
            .after_erasure(|store, _| store.erased_customers.clear())
            .found_by_the_model(),
        fault("CUSTOMER-16", "The address of an erased customer stays taken.")
            .after_erasure(|store, Erasure { before, .. }| store.earlier.clone_from(before))
            .customer_creation(create_unless_formerly_taken),
        fault("CUSTOMER-16", "The keys of an erased customer's records stay taken.").after_erasure(
            |store, Erasure { before, stamp, .. }| {
                for key in before.idempotency_records.keys() {
                    store.idempotency_records.entry(key.clone()).or_insert(IdempotencyRecord {
                        fingerprint: Fingerprint([0; 32]),
                        receipt: Receipt { response: Vec::new(), customer_id: None },
                        requested_at: stamp.time,
                    });
                }
            },
        ),
        fault("CUSTOMER-16", "The comments of an erased customer stay without their tickets.")
            .after_erasure(|store, Erasure { before, .. }| store.comments.clone_from(&before.comments)),
    ]
}
