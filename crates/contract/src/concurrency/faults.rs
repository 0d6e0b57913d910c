//! Faults of concurrent calls. Each reads the store before a gap and acts after it. Other calls run
//! during the gap.

use std::collections::BTreeMap;
use std::sync::Arc;

use hexdesk_domain::ports::{
    CreateShopOutcome, CreateTicketOutcome, Erased, TicketCreation, UpdateCustomerOutcome,
};
use hexdesk_domain::{
    AuditStamp, Customer, CustomerId, DeferredClaim, Event, EventPosition, IdempotentOutcome, NewCustomer,
    Page, Shop, ShopId, StorageError, StorageErrorKind, fold_email,
};

use crate::customers::faults::create_unseen;
use crate::faulty::{Fault, Store, failure, fault};
use crate::memory::State;

/// Returns whether the existing customer has the new one's address, phone number or number.
fn conflicts(there: &Customer, new: &NewCustomer) -> bool {
    let folded = |email: &Option<String>| email.as_deref().map(fold_email);
    folded(&there.email) == folded(&new.email)
        || there.phone_number.is_some() && there.phone_number == new.phone_number
        || Some(there.id) == new.id
}

/// Erases only the data that existed before the gap.
fn erase_data_from_before(
    Store { state, earlier }: &mut Store<'_>,
    shop: ShopId,
    id: CustomerId,
    stamp: AuditStamp,
) -> Option<Erased> {
    let before = earlier.clone();
    let erased = earlier.erase_customer(shop, id, stamp)?;
    state.customers.remove(&(shop, id))?;
    state.erased_customers.insert((shop, id));
    remove_gone(&mut state.tickets, &before.tickets, &earlier.tickets);
    remove_gone(&mut state.comments, &before.comments, &earlier.comments);
    remove_gone(&mut state.idempotency_records, &before.idempotency_records, &earlier.idempotency_records);
    Some(erased)
}

/// Removes the entries that are in `before` but not in `after`.
fn remove_gone<K: Ord, V>(things: &mut BTreeMap<K, V>, before: &BTreeMap<K, V>, after: &BTreeMap<K, V>) {
    things.retain(|key, _| after.contains_key(key) || !before.contains_key(key));
}

/// Runs the operation and keeps its record for [`write_records`].
fn record_later<T>(
    Store { state, earlier }: &mut Store<'_>,
    shop: ShopId,
    claim: Option<DeferredClaim<T>>,
    operation: impl FnOnce(&mut State) -> Result<T, StorageError>,
) -> Result<IdempotentOutcome<T>, StorageError> {
    let Some(claim) = claim else { return state.attempt(shop, None, operation) };
    let DeferredClaim { request, requested_at, receipt } = claim;
    let silent = DeferredClaim { request: request.clone(), requested_at, receipt: Arc::new(|_: &T| None) };
    let outcome = state.attempt(shop, Some(silent), operation)?;
    if let IdempotentOutcome::Ran(ran) = &outcome
        && let Some(receipt) = receipt(ran)
    {
        earlier.record(shop, &request, requested_at, receipt);
    }
    Ok(outcome)
}

fn write_records(Store { state, earlier }: &mut Store<'_>) {
    state.idempotency_records.append(&mut earlier.idempotency_records);
}

/// Removes the shop's last event from the log and keeps it.
fn hold_back_last_event(Store { state, earlier }: &mut Store<'_>, shop: ShopId) {
    let event = state.events.entry(shop).or_default().pop();
    earlier.events.entry(shop).or_default().extend(event);
}

/// Returns the latest event held back of each shop to the log.
fn put_events_back(
    Store { state, earlier }: &mut Store<'_>,
    position: fn(&mut State, &Event) -> EventPosition,
) {
    for (shop, held_back) in &mut earlier.events {
        if let Some(event) = held_back.pop() {
            let position = position(state, &event);
            let log = state.events.entry(*shop).or_default();
            log.push(Event { position, ..event });
            log.sort_by_key(|event| event.position);
        }
    }
}

pub(crate) fn faults() -> Vec<Fault> {
    [of_people(), of_tickets(), of_the_log()].into_iter().flatten().collect()
}

fn of_people() -> Vec<Fault> {
    vec![
        fault("SHOP-6", "A domain is checked before, not while, it is taken.")
            .create_shop(|store, domain, now| {
                if let Some(shop) = store.earlier.shop_of(domain) {
                    return Ok(CreateShopOutcome::AlreadyExists(shop.clone()));
                }
                let id = store.next_shop_id();
                let id = id.ok_or_else(|| failure(StorageErrorKind::Unexpected, "create_shop"))?;
                let shop = Shop { id, domain: domain.clone(), created_at: now, closed_at: None };
                store.shops.insert(id, shop.clone());
                Ok(CreateShopOutcome::Created(shop))
            })
            .after_a_gap(),
        fault("CUSTOMER-7", "A new customer's address is checked before, not while, it is taken.")
            .customer_creation(|store, shop, new| {
                let is_taken = store.earlier.customers_of(shop).any(|there| conflicts(there, &new));
                if is_taken { store.create_customer(shop, new) } else { create_unseen(store, shop, new) }
            })
            .after_a_gap(),
        fault("CUSTOMER-14", "A changed address is checked before, not while, it is taken.")
            .update_customer(|store, shop, id, update, _| {
                let outcome = store.earlier.update_customer(shop, id, update);
                if let UpdateCustomerOutcome::Updated(customer) = &outcome {
                    store.customers.insert((shop, id), (**customer).clone());
                }
                Ok(IdempotentOutcome::Ran(outcome))
            })
            .after_a_gap(),
        fault("CUSTOMER-17", "An erasure removes only the data that it found before the gap.")
            .erase_customer(|store, shop, id, stamp| Ok(erase_data_from_before(store, shop, id, stamp)))
            .after_a_gap(),
        fault("CUSTOMER-17", "A creation fails if its customer is erased during the call.")
            .create_tickets(|store, batch| {
                let expected = store.earlier.create_tickets(batch.clone())?;
                let customers = &store.state.customers;
                let is_gone = |item: &TicketCreation| {
                    !customers.contains_key(&(item.ticket.shop_id, item.ticket.customer_id))
                };
                let mut items = batch.iter().zip(&expected);
                if items.any(|(item, outcome)| *outcome == CreateTicketOutcome::Created && is_gone(item)) {
                    return Err(failure(StorageErrorKind::Unexpected, "create_tickets"));
                }
                store.create_tickets(batch)
            })
            .after_a_gap(),
        fault("CUSTOMER-17", "A record of a customer is written after the erasure.")
            .create_customer(|store, shop, new, claim| {
                record_later(store, shop, claim, |state| state.create_customer(shop, new))
            })
            .update_customer(|store, shop, id, update, claim| {
                record_later(store, shop, claim, |state| Ok(state.update_customer(shop, id, update)))
            })
            .finishing_after_a_gap(write_records),
        fault("USER-10", "A deactivation revokes the keys that it found before the gap.")
            .user_update(|store, shop, id, update| {
                let outcome = store.state.update_user(shop, id, update);
                let found = &store.earlier.api_keys;
                for (place, key) in &mut store.state.api_keys {
                    key.revoked_at.take_if(|_| place.0 == shop && !found.contains_key(place));
                }
                Ok(outcome)
            })
            .after_a_gap(),
    ]
}

fn of_tickets() -> Vec<Fault> {
    vec![
        fault("TICKET-12", "Batches that run at the same time overwrite each other.")
            .create_tickets(|Store { state, earlier }, batch| {
                let outcomes = earlier.create_tickets(batch)?;
                state.clone_from(earlier);
                Ok(outcomes)
            })
            .after_a_gap(),
        fault("IDEMPOTENCY-7", "Racing tickets with one key are all created.")
            .create_tickets(|store, batch| store.with_earlier_records(|state| state.create_tickets(batch)))
            .after_a_gap(),
        fault("TICKET-24", "The version is checked before, not while, the ticket is written.")
            .ticket_update(|store, shop, id, mut update| {
                let version = store.earlier.tickets.get(&(shop, id)).map(|stored| stored.ticket.version);
                update.expected_version.take_if(|expected| Some(*expected) == version);
                store.update_ticket(shop, id, update)
            })
            .after_a_gap(),
        fault("COMMENT-11", "Racing comments overwrite each other's changes of the ticket.")
            .create_comments(|Store { state, earlier }, batch| {
                let outcomes = earlier.create_comments(batch)?;
                state.comments.append(&mut earlier.comments);
                state.tickets.clone_from(&earlier.tickets);
                Ok(outcomes)
            })
            .after_a_gap(),
        fault("IDRANGE-1", "A free node is found before, not while, it is taken.")
            .reserve_id_range(|store, now, span, current| {
                let range = store.earlier.reserve_id_range(now, span, current)?;
                store.id_range_ends.insert(range.node, range.until);
                Ok(range)
            })
            .after_a_gap(),
    ]
}

fn of_the_log() -> Vec<Fault> {
    vec![
        fault("EVENT-13", "The log is in the order of time.").list_events(|store, shop, after, size| {
            let mut events = store.events_after(shop, None);
            events.sort_by_key(|(position, event)| (event.stamp.time, *position));
            let events = crate::faulty::rest(events, after, |position, after| position > after);
            Ok(Page::cut(events, size))
        }),
        fault("EVENT-13", "An event is appended after the call returns.")
            .create_user(|store, shop, new, claim| {
                let outcome = store.attempt(shop, claim, |store| store.create_user(shop, new));
                hold_back_last_event(store, shop);
                outcome
            })
            .finishing_in_the_background(|store| {
                put_events_back(store, |state, event| {
                    let change = state.changes.entry(event.shop_id).or_default();
                    *change += 1;
                    EventPosition { change: *change, part: 0 }
                });
            }),
        fault("EVENT-14", "The position of an event is taken before, not while, it is written.")
            .create_user(|store, shop, new, claim| {
                let outcome = store.attempt(shop, claim, |store| store.create_user(shop, new));
                hold_back_last_event(store, shop);
                outcome
            })
            .finishing_after_a_gap(|store| put_events_back(store, |_, event| event.position)),
    ]
}
