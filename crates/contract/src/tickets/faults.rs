//! Faults of creations of tickets.

mod changes;
mod deletion;
mod lists;

use std::collections::BTreeMap;

use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{StorageError, TicketView, User};

use crate::faulty::{Fault, Store, fault};
use crate::memory::{State, StoredTicket};

impl Fault {
    /// Changes each item before it is created.
    pub(crate) fn ticket_items(self, change: fn(&mut TicketCreation)) -> Self {
        self.create_tickets(move |store, mut batch| {
            batch.iter_mut().for_each(change);
            store.create_tickets(batch)
        })
    }
}

pub(crate) fn has_customer(state: &State, item: &TicketCreation) -> bool {
    state.customers.contains_key(&(item.ticket.shop_id, item.ticket.customer_id))
}

pub(crate) fn has_assignee(state: &State, item: &TicketCreation) -> bool {
    let assignee = item.ticket.assigned_to;
    assignee.is_none_or(|user| state.users.contains_key(&(item.ticket.shop_id, user)))
}

/// Creates the items for which `instead` returns no outcome.
pub(crate) fn create_unless(
    store: &mut Store<'_>,
    batch: Vec<TicketCreation>,
    mut instead: impl FnMut(&State, &TicketCreation) -> Option<CreateTicketOutcome>,
) -> Result<Vec<CreateTicketOutcome>, StorageError> {
    let outcomes: Vec<_> = batch.iter().map(|item| instead(store, item)).collect();
    let rest = batch.into_iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_none());
    let mut created = store.create_tickets(rest.map(|(item, _)| item).collect())?.into_iter();
    Ok(outcomes.into_iter().filter_map(|outcome| outcome.or_else(|| created.next())).collect())
}

/// Runs the operation with changed users and restores them afterwards.
fn with_users<T>(
    state: &mut State,
    change: impl FnOnce(&mut State),
    operation: impl FnOnce(&mut State) -> T,
) -> T {
    let users = state.users.clone();
    change(state);
    let result = operation(state);
    state.users = users;
    result
}

fn activate_all(state: &mut State) {
    state.users.values_mut().for_each(|user| user.deactivated_at = None);
}

/// Copies every user to each shop that has no user with the same number.
fn share_all(state: &mut State) {
    let users: BTreeMap<_, User> = state.users.values().map(|user| (user.id, user.clone())).collect();
    for shop in state.shops.keys() {
        for (id, user) in &users {
            state.users.entry((*shop, *id)).or_insert_with(|| User { shop_id: *shop, ..user.clone() });
        }
    }
}

pub(crate) fn faults() -> Vec<Fault> {
    [of_creations(), lists::faults(), changes::faults(), deletion::faults()].into_iter().flatten().collect()
}

fn of_creations() -> Vec<Fault> {
    vec![
        fault("TICKET-1", "The tags of a new ticket are stored as a set.")
            .ticket_items(|item| {
                item.ticket.tags.sort();
                item.ticket.tags.dedup();
            })
            .found_by_the_model(),
        fault("TICKET-2", "The outcomes of a large batch of tickets are in the order of ids.")
            .create_tickets(|store, batch| {
                let ids: Vec<_> = batch.iter().map(|item| item.ticket.id).collect();
                let mut outcomes: Vec<_> = ids.into_iter().zip(store.create_tickets(batch)?).collect();
                if outcomes.len() >= 10 {
                    outcomes.sort_by_key(|(id, _)| *id);
                }
                Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
            }),
        fault("TICKET-3", "A ticket of an unknown customer is stored.").create_tickets(|store, batch| {
            let outcomes = store.create_tickets(batch.clone())?;
            for (item, outcome) in batch.into_iter().zip(&outcomes) {
                if *outcome == CreateTicketOutcome::CustomerNotFound {
                    let place = (item.ticket.shop_id, item.ticket.id);
                    let stored = StoredTicket { ticket: item.ticket, human_ticket: None };
                    store.tickets.entry(place).or_insert(stored);
                }
            }
            Ok(outcomes)
        }),
        fault("TICKET-4", "A user of another shop can be the assignee of a new ticket.")
            .create_tickets(|store, batch| with_users(store, share_all, |state| state.create_tickets(batch))),
        fault("TICKET-4", "An inactive user can be the assignee of a new ticket.")
            .create_tickets(|store, batch| {
                with_users(store, activate_all, |state| state.create_tickets(batch))
            })
            .found_by_the_model(),
        fault("TICKET-4", "A deactivated assignee of a new ticket is reported as unknown.")
            .create_tickets(|store, batch| {
                let mut outcomes = store.create_tickets(batch)?;
                for outcome in &mut outcomes {
                    if *outcome == CreateTicketOutcome::AssigneeDeactivated {
                        *outcome = CreateTicketOutcome::AssigneeNotFound;
                    }
                }
                Ok(outcomes)
            })
            .found_by_the_model(),
        fault("TICKET-5", "A missing assignee is reported first.").create_tickets(|store, batch| {
            let mut outcomes = store.create_tickets(batch.clone())?;
            for (item, outcome) in batch.iter().zip(&mut outcomes) {
                if *outcome == CreateTicketOutcome::CustomerNotFound && !has_assignee(store, item) {
                    *outcome = CreateTicketOutcome::AssigneeNotFound;
                }
            }
            Ok(outcomes)
        }),
        fault("TICKET-6", "The item after a refused one is lost.").create_tickets(|store, batch| {
            let mut is_after_refusal = false;
            create_unless(store, batch, |state, item| {
                let is_lost = is_after_refusal;
                is_after_refusal = has_customer(state, item) && !has_assignee(state, item);
                is_lost.then_some(CreateTicketOutcome::Created)
            })
        }),
        fault("TICKET-7", "A human ticket is open since the ticket's date.")
            .ticket_items(|item| item.stamp.time = item.ticket.date),
        fault("TICKET-8", "A ticket is found by its id in any shop.").find_ticket(|store, shop, id| {
            let places = store.tickets.keys().filter(|(_, there)| *there == id);
            let place = places.min_by_key(|(owner, _)| *owner != shop);
            Ok(place.and_then(|(owner, id)| store.find_ticket(*owner, *id)))
        }),
        fault("TICKET-9", "A ticket shows another shop's customer.").find_ticket(|store, shop, id| {
            let Some(view) = store.find_ticket(shop, id) else { return Ok(None) };
            let customer = store.customers.values().find(|there| there.id == view.customer.id);
            Ok(customer.map(|customer| TicketView { customer: customer.clone(), ..view }))
        }),
        fault("TICKET-10", "The other items of a batch that fails are stored.")
            .create_tickets(|store, batch| {
                let outcomes = store.create_tickets(batch.clone());
                if outcomes.is_err() {
                    for item in batch {
                        // The outcome does not matter.
                        let _ = store.create_tickets(vec![item]);
                    }
                }
                outcomes
            })
            .found_by_the_model(),
        fault("TICKET-11", "A batch needs customers of one shop.").create_tickets(|store, batch| {
            let first = batch.first().map(|item| item.ticket.shop_id);
            create_unless(store, batch, |state, item| {
                let place = first.map(|shop| (shop, item.ticket.customer_id));
                let is_of_first = place.is_some_and(|place| state.customers.contains_key(&place));
                let is_foreign = first != Some(item.ticket.shop_id) && !is_of_first;
                is_foreign.then_some(CreateTicketOutcome::CustomerNotFound)
            })
        }),
    ]
}
