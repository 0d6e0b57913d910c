//! Faults of deletions of tickets.

use hexdesk_domain::ports::DeleteTicketOutcome;
use hexdesk_domain::{CustomerId, ShopId, TicketId};

use super::lists::listed;
use crate::faulty::{Fault, Store, fault};
use crate::memory::State;

/// A deletion that took effect.
struct Deleted<'a> {
    shop: ShopId,
    id: TicketId,
    customer: Option<CustomerId>,
    before: &'a State,
}

impl Fault {
    /// Applies further changes after a deletion that took effect.
    fn after_deletion(self, more: fn(&mut Store<'_>, Deleted<'_>)) -> Self {
        self.delete_ticket(move |store, shop, id, expected_version, stamp| {
            let before = store.state.clone();
            let outcome = store.delete_ticket(shop, id, expected_version, stamp);
            if outcome == DeleteTicketOutcome::Deleted {
                let customer = before.tickets.get(&(shop, id)).map(|stored| stored.ticket.customer_id);
                more(store, Deleted { shop, id, customer, before: &before });
            }
            Ok(outcome)
        })
    }
}

pub(super) fn faults() -> Vec<Fault> {
    vec![
        fault("TICKET-23", "The comments of a deleted ticket stay.")
            .after_deletion(|store, Deleted { before, .. }| store.comments.clone_from(&before.comments))
            .found_by_the_model(),
        fault("TICKET-23", "Comments on tickets with the same id in other shops are deleted.")
            .after_deletion(|store, Deleted { id, .. }| {
                store.comments.retain(|_, comment| comment.ticket_id != id);
            }),
        fault("TICKET-23", "Tickets with the same id in other shops are deleted.")
            .after_deletion(|store, Deleted { id, .. }| store.tickets.retain(|(_, there), _| *there != id)),
        fault("TICKET-23", "The customer of a deleted ticket is deleted.").after_deletion(
            |store, Deleted { shop, customer, .. }| {
                store.customers.retain(|(owner, there), _| *owner != shop || Some(*there) != customer);
            },
        ),
        fault("TICKET-23", "The receipts of the ticket's customer are deleted.").after_deletion(
            |store, Deleted { customer, .. }| {
                store.idempotency_records.retain(|_, record| record.receipt.customer_id != customer);
            },
        ),
        fault("TICKET-23", "Human tickets with the same number in other shops are closed.").after_deletion(
            |store, Deleted { shop, id, before, .. }| {
                let number = before.tickets.get(&(shop, id)).and_then(|stored| stored.human_ticket);
                let others = store.human_tickets.values_mut().filter(|there| Some(there.id) == number);
                for human_ticket in others {
                    human_ticket.closed_at.get_or_insert(human_ticket.opened_at);
                }
            },
        ),
        fault("TICKET-23", "Counts include the last deleted ticket.")
            .after_deletion(|store, Deleted { before, .. }| store.earlier.clone_from(before))
            .count_tickets(|store, shop, filter, _| {
                let earlier = listed(store.earlier, shop, &filter).len();
                let count = if earlier > 0 { earlier } else { listed(store, shop, &filter).len() };
                Ok(count as u64)
            }),
        fault("TICKET-23", "Deleting a missing ticket returns `Deleted`.")
            .delete_ticket(|store, shop, id, expected_version, stamp| {
                Ok(match store.delete_ticket(shop, id, expected_version, stamp) {
                    DeleteTicketOutcome::TicketNotFound => DeleteTicketOutcome::Deleted,
                    outcome => outcome,
                })
            })
            .found_by_the_model(),
    ]
}
