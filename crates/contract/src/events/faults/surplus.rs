//! Faults that log calls without a change.

use hexdesk_domain::ports::{
    CreateCommentOutcome, CreateCustomerOutcome, CreateTicketOutcome, DeleteTicketOutcome,
};
use hexdesk_domain::{AuditStamp, EventKind, IdempotentOutcome, ShopId, Subject};

use crate::faulty::{Fault, Store, fault};

fn log(store: &mut Store<'_>, shop: ShopId, stamp: AuditStamp, kind: EventKind, subject: Subject) {
    store.append_events(shop, stamp, [(kind, subject)]);
}

impl Fault {
    /// Also logs the items of a batch with such an outcome. `None` means that the batch failed.
    fn tickets_also_logged(self, is_logged: fn(Option<&CreateTicketOutcome>) -> bool) -> Self {
        self.create_tickets(move |store, batch| {
            let outcomes = store.create_tickets(batch.clone());
            for (index, item) in batch.iter().enumerate() {
                if is_logged(outcomes.as_ref().ok().and_then(|outcomes| outcomes.get(index))) {
                    let (shop, subject) = (item.ticket.shop_id, Subject::Ticket(item.ticket.id));
                    log(store, shop, item.stamp, EventKind::TicketCreated, subject);
                }
            }
            outcomes
        })
    }
}

pub(super) fn faults() -> Vec<Fault> {
    vec![
        fault("EVENT-8", "A replayed creation of a ticket is logged again.").tickets_also_logged(|outcome| {
            use CreateTicketOutcome::{KeyReused, Replayed};
            matches!(outcome, Some(Replayed(_) | KeyReused))
        }),
        fault("EVENT-8", "A refused ticket is logged.").tickets_also_logged(|outcome| {
            use CreateTicketOutcome::{AssigneeDeactivated, AssigneeNotFound, CustomerNotFound};
            matches!(outcome, Some(CustomerNotFound | AssigneeNotFound | AssigneeDeactivated))
        }),
        fault("EVENT-8", "A failed batch is logged.").tickets_also_logged(|outcome| outcome.is_none()),
        fault("EVENT-8", "A refused or replayed comment is logged.")
            .create_comments(|store, batch| {
                let outcomes = store.create_comments(batch.clone())?;
                for (item, outcome) in batch.iter().zip(&outcomes) {
                    if !matches!(outcome, IdempotentOutcome::Ran(CreateCommentOutcome::Created(_))) {
                        let (shop, subject) = (item.comment.shop_id, Subject::Comment(item.comment.id));
                        log(store, shop, item.stamp, EventKind::CommentCreated, subject);
                    }
                }
                Ok(outcomes)
            })
            .found_by_the_model(),
        fault("EVENT-8", "An empty update of a ticket is logged.")
            .ticket_update(|store, shop, id, update| {
                if update.changes.is_empty() {
                    log(store, shop, update.stamp, EventKind::TicketUpdated, Subject::Ticket(id));
                }
                store.update_ticket(shop, id, update)
            })
            .found_by_the_model(),
        fault("EVENT-8", "An update of a ticket to the current values is logged.")
            .ticket_update(|store, shop, id, update| {
                let stored = store.tickets.get(&(shop, id));
                let is_same = stored.is_some_and(|stored| !update.changes.is_change_of(&stored.ticket));
                if is_same && !update.changes.is_empty() {
                    log(store, shop, update.stamp, EventKind::TicketUpdated, Subject::Ticket(id));
                }
                store.update_ticket(shop, id, update)
            })
            .found_by_the_model(),
        fault("EVENT-8", "A refused deletion of a ticket is logged.").delete_ticket(
            |store, shop, id, expected_version, stamp| {
                let outcome = store.delete_ticket(shop, id, expected_version, stamp);
                if outcome != DeleteTicketOutcome::Deleted {
                    log(store, shop, stamp, EventKind::TicketDeleted, Subject::Ticket(id));
                }
                Ok(outcome)
            },
        ),
        fault("EVENT-8", "An existing customer is logged.").customer_creation(|store, shop, new| {
            let stamp = new.stamp;
            let outcome = store.create_customer(shop, new)?;
            if let CreateCustomerOutcome::Existing(there) = &outcome {
                log(store, shop, stamp, EventKind::CustomerCreated, Subject::Customer(there.id));
            }
            Ok(outcome)
        }),
        fault("EVENT-8", "A customer's empty update is logged.").customer_update(
            |store, shop, id, update| {
                if update.changes.is_empty() {
                    log(store, shop, update.stamp, EventKind::CustomerUpdated, Subject::Customer(id));
                }
                Ok(store.update_customer(shop, id, update))
            },
        ),
        fault("EVENT-8", "An update of a customer to the current values is logged.").customer_update(
            |store, shop, id, update| {
                let customer = store.customers.get(&(shop, id));
                let is_same = customer.is_some_and(|customer| !update.changes.is_change_of(customer));
                if is_same && !update.changes.is_empty() {
                    log(store, shop, update.stamp, EventKind::CustomerUpdated, Subject::Customer(id));
                }
                Ok(store.update_customer(shop, id, update))
            },
        ),
        fault("EVENT-8", "An erasure of a missing customer is logged.").erase_customer(
            |store, shop, id, stamp| {
                let erased = store.erase_customer(shop, id, stamp);
                if erased.is_none() {
                    log(store, shop, stamp, EventKind::CustomerErased, Subject::Customer(id));
                }
                Ok(erased)
            },
        ),
        fault("EVENT-8", "An empty update of a user is logged.").user_update(|store, shop, id, update| {
            if update.changes.is_empty() {
                log(store, shop, update.stamp, EventKind::UserUpdated, Subject::User(id));
            }
            Ok(store.update_user(shop, id, update))
        }),
        fault("EVENT-8", "An update of a user to the current values is logged.").user_update(
            |store, shop, id, update| {
                let user = store.users.get(&(shop, id));
                let is_same = user.is_some_and(|user| !update.changes.is_change_of(user));
                if is_same && !update.changes.is_empty() {
                    log(store, shop, update.stamp, EventKind::UserUpdated, Subject::User(id));
                }
                Ok(store.update_user(shop, id, update))
            },
        ),
        fault("EVENT-8", "The second revocation of a key is logged.")
            .revoke_key(|store, shop, number, stamp| {
                let is_revoked =
                    store.api_keys.get(&(shop, number)).is_some_and(|key| key.revoked_at.is_some());
                if is_revoked {
                    log(store, shop, stamp, EventKind::ApiKeyRevoked, Subject::ApiKey(number));
                }
                Ok(store.revoke_key(shop, number, stamp))
            })
            .found_by_the_model(),
    ]
}
