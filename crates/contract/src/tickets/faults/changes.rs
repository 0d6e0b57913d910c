//! Faults of updates of tickets.

use hexdesk_domain::ports::{TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{HumanTicket, InitialMessage, ShopId, StorageError, Ticket, TicketChanges, TicketId};

use super::lists::meets;
use super::{activate_all, share_all, with_users};
use crate::faulty::{Fault, fault};
use crate::memory::State;

/// An update that took effect.
struct Updated<'a> {
    shop: ShopId,
    id: TicketId,
    update: &'a TicketUpdate,
    before: &'a State,
}

impl Fault {
    /// Changes an update before it takes effect.
    fn ticket_update_said(self, change: fn(&State, ShopId, TicketId, &mut TicketUpdate)) -> Self {
        self.ticket_update(move |store, shop, id, mut update| {
            if store.tickets.contains_key(&(shop, id)) {
                change(store, shop, id, &mut update);
            }
            store.update_ticket(shop, id, update)
        })
    }

    /// Removes the expected version if the predicate is true.
    fn ticket_version_ignored_if(
        self,
        is_ignored: fn(&State, ShopId, TicketId, &TicketUpdate) -> bool,
    ) -> Self {
        self.ticket_update(move |store, shop, id, mut update| {
            if is_ignored(store, shop, id, &update) {
                update.expected_version = None;
            }
            store.update_ticket(shop, id, update)
        })
    }

    /// Applies further changes after an update that took effect.
    fn after_ticket_update(
        self,
        more: impl Fn(&mut State, Updated<'_>) -> Result<(), StorageError> + Send + Sync + 'static,
    ) -> Self {
        self.ticket_update(move |store, shop, id, update| {
            let before = store.state.clone();
            let outcome = store.update_ticket(shop, id, update.clone())?;
            if !matches!(outcome, UpdateTicketOutcome::Updated(_)) {
                return Ok(outcome);
            }
            more(store, Updated { shop, id, update: &update, before: &before })?;
            Ok(found(store, shop, id).unwrap_or(outcome))
        })
    }

    /// Changes the ticket after an update that took effect. The second argument of `change` is the
    /// ticket before the update.
    fn updated_ticket(self, change: fn(&mut Ticket, &Ticket, &TicketChanges)) -> Self {
        self.after_ticket_update(move |state, Updated { shop, id, update, before }| {
            let before = before.tickets.get(&(shop, id)).map(|stored| &stored.ticket);
            if let (Some(stored), Some(before)) = (state.tickets.get_mut(&(shop, id)), before) {
                change(&mut stored.ticket, before, &update.changes);
            }
            Ok(())
        })
    }

    /// Changes the human ticket after an update that opened or closed the ticket. The second
    /// argument of `change` is the human ticket before the update.
    fn updated_human_ticket(self, change: fn(&mut HumanTicket, &HumanTicket, bool, &TicketUpdate)) -> Self {
        self.after_ticket_update(move |state, Updated { shop, id, update, before }| {
            let was = before.find_ticket(shop, id).and_then(|view| view.human_ticket);
            if let (Some(was), Some(is_opened)) = (was, update.changes.is_opened)
                && let Some(human_ticket) = state.human_tickets.get_mut(&(shop, was.id))
            {
                change(human_ticket, &was, is_opened, update);
            }
            Ok(())
        })
    }
}

fn found(state: &State, shop: ShopId, id: TicketId) -> Option<UpdateTicketOutcome> {
    state.find_ticket(shop, id).map(|view| UpdateTicketOutcome::Updated(Box::new(view)))
}

fn version(state: &State, shop: ShopId, id: TicketId) -> Option<i64> {
    state.tickets.get(&(shop, id)).map(|stored| stored.ticket.version)
}

/// Returns whether the update names an assignee that the shop does not have.
fn has_unknown_assignee(state: &State, shop: ShopId, update: &TicketUpdate) -> bool {
    let assignee = update.changes.assigned_to.flatten();
    assignee.is_some_and(|user| !state.users.contains_key(&(shop, user)))
}

pub(super) fn faults() -> Vec<Fault> {
    [of_accepted_updates(), of_first_messages(), of_human_tickets(), of_refusals(), of_moves()]
        .into_iter()
        .flatten()
        .collect()
}

/// Faults of the first message. See also the faults of comments.
fn of_first_messages() -> Vec<Fault> {
    vec![
        fault("TICKET-26", "An update of the time moves the first message, too.")
            .updated_ticket(|ticket, before, _| {
                if before.initial_message.is_none() {
                    ticket.initial_message = None;
                }
            })
            .found_by_the_model(),
        fault("TICKET-26", "Every update of the time replaces the first message.").updated_ticket(
            |ticket, before, changes| {
                if changes.last_message_time.is_some_and(|time| time != before.last_message_time) {
                    let (text, time) = (before.last_message.clone(), before.last_message_time);
                    ticket.initial_message = Some(InitialMessage { text, time });
                }
            },
        ),
        fault("TICKET-26", "Any update of the time keeps the first message.").updated_ticket(
            |ticket, before, changes| {
                if changes.last_message_time.is_some() && ticket.initial_message.is_none() {
                    let (text, time) = (before.last_message.clone(), before.last_message_time);
                    ticket.initial_message = Some(InitialMessage { text, time });
                }
            },
        ),
    ]
}

fn of_accepted_updates() -> Vec<Fault> {
    vec![
        fault("TICKET-17", "An update cannot clear a field.")
            .ticket_update_said(|_, _, _, TicketUpdate { changes, .. }| {
                changes.assigned_to.take_if(|new| new.is_none());
                for text in [&mut changes.name, &mut changes.contact_reason, &mut changes.language_code] {
                    text.take_if(|new| new.is_none());
                }
            })
            .found_by_the_model(),
        fault("TICKET-17", "An update removes the language unless the update has one.").ticket_update_said(
            |_, _, _, TicketUpdate { changes, .. }| {
                if !changes.is_empty() {
                    changes.language_code.get_or_insert(None);
                }
            },
        ),
        fault("TICKET-17", "An update adds its tags to the existing ones.").ticket_update_said(
            |state, shop, id, update| {
                if let (Some(tags), Some(stored)) = (&mut update.changes.tags, state.tickets.get(&(shop, id)))
                {
                    tags.splice(0..0, stored.ticket.tags.iter().cloned());
                }
            },
        ),
        fault("TICKET-17", "Only comments raise the version.")
            .updated_ticket(|ticket, before, _| ticket.version = before.version),
        fault("TICKET-17", "Each changed field raises the version.").updated_ticket(|ticket, _, changes| {
            let fields = i64::from(changes.name.is_some()) + i64::from(changes.tags.is_some());
            ticket.version += (fields - 1).max(0);
        }),
        fault("TICKET-17", "An updated ticket moves up in lists.").updated_ticket(|ticket, _, changes| {
            if !changes.is_empty() {
                ticket.last_message_time = ticket.last_message_time.saturating_add_millis(1);
            }
        }),
        fault("TICKET-17", "A new assignee clears the unread count.").updated_ticket(|ticket, _, changes| {
            if changes.assigned_to.is_some() {
                ticket.unread_count = 0;
            }
        }),
        fault("TICKET-17", "An update returns the former ticket.").ticket_update(
            |store, shop, id, update| {
                let before = found(store, shop, id);
                let outcome = store.update_ticket(shop, id, update)?;
                let is_updated = matches!(outcome, UpdateTicketOutcome::Updated(_));
                Ok(before.filter(|_| is_updated).unwrap_or(outcome))
            },
        ),
        fault("TICKET-17", "Tickets with the same id in other shops change, too.").after_ticket_update(
            |state, Updated { id, update, .. }| {
                let tickets = state.tickets.values_mut().map(|stored| &mut stored.ticket);
                if let Some(name) = &update.changes.name {
                    tickets.filter(|ticket| ticket.id == id).for_each(|ticket| ticket.name.clone_from(name));
                }
                Ok(())
            },
        ),
        fault("TICKET-17", "Filters match a ticket's values from before an update.")
            .ticket_update(|store, shop, id, update| {
                *store.earlier = store.state.clone();
                store.update_ticket(shop, id, update)
            })
            .ticket_list(|store, shop, filter| {
                store.tickets_of(shop, |ticket| {
                    let earlier = store.earlier.tickets.get(&(shop, ticket.id));
                    meets(earlier.map_or(ticket, |stored| &stored.ticket), filter)
                })
            }),
        fault("TICKET-18", "An update to the current values raises the version.")
            .updated_ticket(|ticket, before, changes| {
                ticket.version += i64::from(ticket == before && !changes.is_empty());
            })
            .found_by_the_model(),
        fault("TICKET-18", "An empty update raises the version.")
            .updated_ticket(|ticket, _, changes| ticket.version += i64::from(changes.is_empty()))
            .found_by_the_model(),
    ]
}

fn of_moves() -> Vec<Fault> {
    vec![
        fault("TICKET-29", "The comments of a moved ticket stay with the former customer.")
            .after_ticket_update(|state, Updated { shop, id, before, .. }| {
                for ((owner, comment), stored) in &mut state.comments {
                    if *owner == shop
                        && stored.ticket_id == id
                        && let Some(was) = before.comments.get(&(shop, *comment))
                    {
                        stored.customer_id = was.customer_id;
                    }
                }
                Ok(())
            })
            .found_by_the_model(),
        fault("TICKET-29", "The snapshots of a moved ticket stay with the former customer.")
            .after_ticket_update(|state, _| {
                state.moved_events.clear();
                Ok(())
            }),
        fault("TICKET-29", "An update to an unknown customer makes the other changes.").ticket_update(
            |store, shop, id, mut update| {
                let outcome = store.update_ticket(shop, id, update.clone())?;
                if outcome == UpdateTicketOutcome::CustomerNotFound {
                    update.changes.customer_id = None;
                    store.update_ticket(shop, id, update)?;
                }
                Ok(outcome)
            },
        ),
        fault("TICKET-29", "The new customer is checked after the assignee.").ticket_update(
            |store, shop, id, update| {
                let outcome = store.update_ticket(shop, id, update.clone())?;
                if outcome == UpdateTicketOutcome::CustomerNotFound
                    && has_unknown_assignee(store, shop, &update)
                {
                    return Ok(UpdateTicketOutcome::AssigneeNotFound);
                }
                Ok(outcome)
            },
        ),
    ]
}

fn of_human_tickets() -> Vec<Fault> {
    vec![
        fault("TICKET-19", "A reopened ticket gets another human ticket.")
            .after_ticket_update(|state, Updated { shop, id, update, before }| {
                let was = before.find_ticket(shop, id).and_then(|view| view.human_ticket);
                let is_reopened = was.is_some_and(|was| was.closed_at.is_some());
                if is_reopened && update.changes.is_opened == Some(true) {
                    let number = state.set_human_ticket(shop, None, true, update.stamp.time)?;
                    if let Some(stored) = state.tickets.get_mut(&(shop, id)) {
                        stored.human_ticket = number;
                    }
                }
                Ok(())
            })
            .found_by_the_model(),
        fault("TICKET-19", "A reopened human ticket keeps its first time of opening.").updated_human_ticket(
            |human_ticket, was, is_opened, _| {
                if is_opened && was.closed_at.is_some() {
                    human_ticket.opened_at = was.opened_at;
                }
            },
        ),
        fault("TICKET-19", "A reopened human ticket keeps its time of closing.").updated_human_ticket(
            |human_ticket, was, is_opened, _| {
                if is_opened {
                    human_ticket.closed_at = was.closed_at;
                }
            },
        ),
        fault("TICKET-19", "Opening an open ticket changes the time of opening.")
            .updated_human_ticket(|human_ticket, _, is_opened, update| {
                if is_opened {
                    human_ticket.opened_at = update.stamp.time;
                }
            })
            .found_by_the_model(),
        fault("TICKET-19", "Closing a closed ticket changes the time of closing.").updated_human_ticket(
            |human_ticket, _, is_opened, update| {
                if !is_opened {
                    human_ticket.closed_at = Some(update.stamp.time);
                }
            },
        ),
        fault("TICKET-19", "Closing a ticket does not close its human ticket.")
            .updated_human_ticket(|human_ticket, _, _, _| human_ticket.closed_at = None),
        fault("TICKET-19", "Closing a ticket removes its human ticket.").after_ticket_update(
            |state, Updated { shop, id, update, .. }| {
                if update.changes.is_opened == Some(false)
                    && let Some(number) = state.tickets.get(&(shop, id)).and_then(|it| it.human_ticket)
                {
                    state.human_tickets.remove(&(shop, number));
                }
                Ok(())
            },
        ),
    ]
}

fn of_refusals() -> Vec<Fault> {
    vec![
        fault("TICKET-20", "A deletion ignores the expected version.")
            .delete_ticket(|store, shop, id, _, stamp| Ok(store.delete_ticket(shop, id, None, stamp))),
        fault("TICKET-20", "A later version than the ticket's is accepted.")
            .ticket_version_ignored_if(|state, shop, id, update| {
                update.expected_version > version(state, shop, id)
            })
            .found_by_the_model(),
        fault("TICKET-20", "Only 32 bits of the version are compared.").ticket_version_ignored_if(
            |state, shop, id, update| {
                let low_bits = |version: i64| version & i64::from(u32::MAX);
                update.expected_version.map(low_bits) == version(state, shop, id).map(low_bits)
            },
        ),
        fault("TICKET-20", "The version of another shop's ticket is accepted.").ticket_version_ignored_if(
            |state, _, id, update| {
                let mut shops = state.shops.keys();
                shops.any(|shop| {
                    let version = version(state, *shop, id);
                    version.is_some() && version == update.expected_version
                })
            },
        ),
        fault("TICKET-20", "An empty update ignores the expected version.")
            .ticket_version_ignored_if(|_, _, _, update| update.changes.is_empty()),
        fault("TICKET-20", "Another shop's ticket is updated.").ticket_update(|store, shop, id, update| {
            let owners = store.tickets.keys().filter(|(_, there)| *there == id);
            let owner = owners.map(|(owner, _)| *owner).min_by_key(|owner| *owner != shop);
            store.update_ticket(owner.unwrap_or(shop), id, update)
        }),
        fault("TICKET-20", "A missing ticket returns `VersionMismatch`.").ticket_update(
            |store, shop, id, update| {
                let has_version = update.expected_version.is_some();
                Ok(match store.update_ticket(shop, id, update)? {
                    UpdateTicketOutcome::TicketNotFound if has_version => {
                        UpdateTicketOutcome::VersionMismatch
                    }
                    outcome => outcome,
                })
            },
        ),
        fault("TICKET-21", "A user of another shop can become the assignee.").ticket_update(
            |store, shop, id, update| {
                with_users(store, share_all, |state| state.update_ticket(shop, id, update))
            },
        ),
        fault("TICKET-21", "An inactive user can become the assignee.").ticket_update(
            |store, shop, id, update| {
                let outcome = with_users(store, activate_all, |state| state.update_ticket(shop, id, update))?;
                let is_updated = matches!(outcome, UpdateTicketOutcome::Updated(_));
                Ok(found(store, shop, id).filter(|_| is_updated).unwrap_or(outcome))
            },
        ),
        fault("TICKET-21", "A deactivated user is reported as unknown.").ticket_update(
            |store, shop, id, update| {
                Ok(match store.update_ticket(shop, id, update)? {
                    UpdateTicketOutcome::AssigneeDeactivated => UpdateTicketOutcome::AssigneeNotFound,
                    outcome => outcome,
                })
            },
        ),
        fault("TICKET-21", "An update that sets the same inactive assignee is refused.").ticket_update(
            |store, shop, id, update| {
                let assignee = update.changes.assigned_to.flatten();
                let is_inactive = assignee.is_some_and(|user| !store.is_active_user(shop, user));
                let is_same =
                    store.tickets.get(&(shop, id)).is_some_and(|it| it.ticket.assigned_to == assignee);
                if is_inactive && is_same {
                    return Ok(UpdateTicketOutcome::AssigneeDeactivated);
                }
                store.update_ticket(shop, id, update)
            },
        ),
        fault("TICKET-21", "An update is refused while the assignee is inactive.").ticket_update(
            |store, shop, id, update| {
                let assignee = store.tickets.get(&(shop, id)).and_then(|stored| stored.ticket.assigned_to);
                let is_inactive = assignee.is_some_and(|user| !store.is_active_user(shop, user));
                if update.changes.assigned_to.is_none() && is_inactive {
                    return Ok(UpdateTicketOutcome::AssigneeNotFound);
                }
                store.update_ticket(shop, id, update)
            },
        ),
        fault("TICKET-21", "The new assignee is checked before the version.").ticket_update(
            |store, shop, id, update| {
                if store.tickets.contains_key(&(shop, id)) && has_unknown_assignee(store, shop, &update) {
                    return Ok(UpdateTicketOutcome::AssigneeNotFound);
                }
                store.update_ticket(shop, id, update)
            },
        ),
        fault("TICKET-21", "A refused update changes all except the assignee.")
            .ticket_update(|store, shop, id, mut update| {
                let outcome = store.update_ticket(shop, id, update.clone())?;
                if matches!(
                    outcome,
                    UpdateTicketOutcome::AssigneeNotFound | UpdateTicketOutcome::AssigneeDeactivated
                ) {
                    update.changes.assigned_to = None;
                    store.update_ticket(shop, id, update)?;
                }
                Ok(outcome)
            })
            .found_by_the_model(),
    ]
}
