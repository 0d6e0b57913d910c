//! Faults of concurrent calls. Each reads the store before a gap and acts after it. Other calls run
//! during the gap.

use std::collections::BTreeMap;
use std::sync::Arc;

use hexdesk_domain::ports::{
    CommentCreation, CreateCommentOutcome, CreateCustomerOutcome, CreateShopOutcome, CreateTicketOutcome,
    CreateUserOutcome, Erased, TicketCreation, UpdateCustomerOutcome,
};
use hexdesk_domain::{
    AuditStamp, Comment, Customer, CustomerId, DeferredClaim, Event, EventKind, EventPosition,
    IdempotentOutcome, KeyNumber, NewComment, NewCustomer, Page, SamePerson, Shop, ShopChange, ShopId,
    StorageError, StorageErrorKind, Subject, User,
};

use crate::customers::faults::create_unseen;
use crate::faulty::{Fault, Store, failure, fault};
use crate::memory::State;

/// Returns whether the existing customer is the same as the new one, or has its number.
fn conflicts(there: &Customer, new: &NewCustomer) -> bool {
    new.is_same(there).is_some() || Some(there.id) == new.id
}

/// Creates a customer, unless the same one for this reason existed before the gap.
fn create_unless_seen(
    store: &mut Store<'_>,
    shop: ShopId,
    new: NewCustomer,
    why: SamePerson,
) -> Result<CreateCustomerOutcome, StorageError> {
    let is_there = |state: &State| state.customers_of(shop).any(|there| new.is_same(there) == Some(why));
    if is_there(store.state) && !is_there(store.earlier) {
        return create_unseen(store, shop, new);
    }
    store.create_customer(shop, new)
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
pub(crate) fn record_later<T>(
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

pub(crate) fn write_records(Store { state, earlier }: &mut Store<'_>) {
    state.idempotency_records.append(&mut earlier.idempotency_records);
}

/// Removes the shop's last event from the log and keeps it.
pub(crate) fn hold_back_last_event(Store { state, earlier }: &mut Store<'_>, shop: ShopId) {
    let event = state.events.entry(shop).or_default().pop();
    earlier.events.entry(shop).or_default().extend(event);
}

/// Returns the latest event held back of each shop to the log.
pub(crate) fn put_events_back(
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

/// Removes comments with the ids of new ones if the store would not notice them.
fn free_ids(store: &mut Store<'_>, batch: &[CommentCreation], is_unseen: fn(&Comment, &NewComment) -> bool) {
    for CommentCreation { comment, .. } in batch {
        let place = (comment.shop_id, comment.id);
        if store.comments.get(&place).is_some_and(|there| is_unseen(there, comment)) {
            store.comments.remove(&place);
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
                let shop = Shop::new(id, domain.clone(), now);
                store.shops.insert(id, shop.clone());
                Ok(CreateShopOutcome::Created(shop))
            })
            .after_a_gap(),
        fault("SHOP-6", "A domain is checked before, not while, a shop from a number takes it.")
            .unlocked(["create_shop_from"]),
        fault("SHOP-7", "Racing closings each set their time.").unlocked(["change_shop"]),
        fault("SHOP-7", "A setting writes back the shop that it has read.")
            .change_shop(|Store { state, earlier }, domain, change, stamp| {
                let read = earlier.shop_of(domain).cloned();
                if let (ShopChange::SetReopenOnReply(_), Some(read)) = (change, read) {
                    state.shops.insert(read.id, read);
                }
                Ok(state.change_shop(domain, change, stamp))
            })
            .after_a_gap(),
        fault("SHOP-7", "A new user writes back the shop that it has read, to count its users.")
            .user_creation(|Store { state, earlier }, shop, new| {
                state.shops.clone_from(&earlier.shops);
                state.create_user(shop, new)
            })
            .after_a_gap(),
        fault("CUSTOMER-7", "A new customer's address is checked before, not while, it is taken.")
            .customer_creation(|store, shop, new| {
                let is_taken = store.earlier.customers_of(shop).any(|there| conflicts(there, &new));
                if is_taken { store.create_customer(shop, new) } else { create_unseen(store, shop, new) }
            })
            .after_a_gap(),
        fault("CUSTOMER-7", "A new customer's phone number is checked before, not while, it is taken.")
            .customer_creation(|store, shop, new| {
                create_unless_seen(store, shop, new, SamePerson::PhoneNumber)
            })
            .after_a_gap(),
        fault("CUSTOMER-7", "A new customer's ids are checked before, not while, they are taken.")
            .customer_creation(|store, shop, new| {
                create_unless_seen(store, shop, new, SamePerson::ExternalId(7))
            })
            .after_a_gap(),
        fault("CUSTOMER-7", "A new customer's number is checked before, not while, it is taken.")
            .customer_creation(|store, shop, new| {
                let is_free = new.id.is_some_and(|id| !store.earlier.customers.contains_key(&(shop, id)));
                if is_free { create_unseen(store, shop, new) } else { store.create_customer(shop, new) }
            })
            .after_a_gap(),
        fault("CUSTOMER-14", "A changed address is checked before, not while, it is taken.")
            .unlocked(["update_customer"]),
        fault("CUSTOMER-14", "A creation does not see the address that an update takes.")
            .unlocked(["create_customer"]),
        fault("CUSTOMER-30", "A merge checks the customers before, not while, it moves the tickets.")
            .unlocked(["merge_customers"]),
        fault("CUSTOMER-20", "An update writes back the whole customer that it has read.")
            .unlocked(["update_customer"]),
        fault(
            "CUSTOMER-20",
            "An update checks before, not while, it writes that the customer stays reachable.",
        )
        .customer_update(|store, shop, id, update| {
            let outcome = store.state.update_customer(shop, id, update.clone());
            if outcome != UpdateCustomerOutcome::Unreachable {
                return Ok(outcome);
            }
            let outcome = store.earlier.update_customer(shop, id, update.clone());
            if let (UpdateCustomerOutcome::Updated(_), Some(there)) =
                (&outcome, store.state.customers.get_mut(&(shop, id)))
            {
                update.changes.apply(there);
            }
            Ok(outcome)
        })
        .after_a_gap(),
        fault("CUSTOMER-17", "An update brings an erased customer back.").unlocked(["update_customer"]),
        fault("CUSTOMER-17", "The snapshot of a comment is written after the erasure.")
            .create_comments(|store, batch| {
                let shop = batch.first().map(|item| item.comment.shop_id);
                let outcomes = store.create_comments(batch)?;
                if let Some(shop) = shop
                    && matches!(
                        outcomes.as_slice(),
                        [IdempotentOutcome::Ran(CreateCommentOutcome::Created(_))]
                    )
                {
                    hold_back_last_event(store, shop);
                }
                Ok(outcomes)
            })
            .finishing_after_a_gap(|store| put_events_back(store, |_, event| event.position)),
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
        fault("USER-12", "A new user's address is checked before, not while, it is taken.")
            .unlocked(["create_user"]),
        fault("USER-12", "A user's changed address is checked before, not while, it is taken.")
            .unlocked(["update_user"]),
        fault("USER-12", "A new user's number is checked before, not while, it is taken.")
            .user_creation(|store, shop, new| {
                let place = new.id.map(|id| (shop, id));
                let is_free = place.is_some_and(|place| !store.earlier.users.contains_key(&place));
                let hidden = place.filter(|_| is_free).and_then(|place| store.users.remove(&place));
                let outcome = store.create_user(shop, new);
                if let (Some(user), Ok(CreateUserOutcome::EmailTaken(_))) = (hidden, &outcome) {
                    store.users.insert((shop, user.id), user);
                }
                outcome
            })
            .after_a_gap(),
        fault("USER-13", "An update writes back the whole user that it has read.").unlocked(["update_user"]),
        fault("USER-13", "Racing deactivations each set their time.")
            .user_update(|Store { state, earlier }, shop, id, update| {
                let was_active = earlier.users.get(&(shop, id)).is_some_and(User::is_active);
                if was_active
                    && update.changes.is_active == Some(false)
                    && let Some(user) = state.users.get_mut(&(shop, id))
                {
                    user.deactivated_at = None;
                }
                Ok(state.update_user(shop, id, update))
            })
            .after_a_gap(),
        fault("USER-13", "Racing deactivations each log the revocations of the keys.")
            .user_update(|Store { state, earlier }, shop, id, update| {
                let unrevoked = earlier.keys_of(shop).filter(|key| key.revoked_at.is_none());
                let found: Vec<_> =
                    unrevoked.filter(|key| key.user_id == Some(id)).map(|key| key.number).collect();
                let is_late = |number: &KeyNumber| {
                    state.api_keys.get(&(shop, *number)).is_some_and(|key| key.revoked_at.is_some())
                };
                let late: Vec<_> = found.into_iter().filter(is_late).collect();
                let (is_active, stamp) = (update.changes.is_active, update.stamp);
                let outcome = state.update_user(shop, id, update);
                if is_active == Some(false) {
                    let events = late.into_iter().map(|key| (EventKind::ApiKeyRevoked, Subject::ApiKey(key)));
                    state.append_events(shop, stamp, events);
                }
                Ok(outcome)
            })
            .after_a_gap(),
        fault("KEY-9", "Racing revocations each set their time.").unlocked(["revoke_key"]),
        fault("KEY-9", "A deactivation revokes keys that are being revoked.").unlocked(["update_user"]),
        fault("KEY-9", "Racing revocations are each logged.")
            .revoke_key(|Store { state, earlier }, shop, number, stamp| {
                let was_live =
                    earlier.api_keys.get(&(shop, number)).is_some_and(|key| key.revoked_at.is_none());
                let is_live = state.api_keys.get(&(shop, number)).is_some_and(|key| key.revoked_at.is_none());
                let revoked = state.revoke_key(shop, number, stamp);
                if was_live && !is_live {
                    state.append_events(shop, stamp, [(EventKind::ApiKeyRevoked, Subject::ApiKey(number))]);
                }
                Ok(revoked)
            })
            .after_a_gap(),
        fault("KEY-10", "A rotation does not see a revocation that runs.").unlocked(["rotate_key"]),
        fault("KEY-10", "A revocation writes back the key from before a rotation.").unlocked(["revoke_key"]),
        fault("KEY-10", "A key is live before, not while, it is rotated.")
            .key_rotation(|Store { state, earlier }, shop, number, rotation| {
                let place = (shop, number);
                let old = earlier.api_keys.get(&place).cloned();
                let now = state.api_keys.get(&place).cloned();
                if let (Some(old), Some(there)) = (old, state.api_keys.get_mut(&place)) {
                    *there = old;
                }
                let outcome = state.rotate_key(shop, number, rotation);
                if let (Some(now), Some(there)) = (now, state.api_keys.get_mut(&place)) {
                    there.revoked_at = now.revoked_at;
                }
                outcome
            })
            .after_a_gap(),
        fault("RETENTION-4", "Racing steps count the records that another step removes.")
            .unlocked(["remove_idempotency_records"]),
        fault("RETENTION-4", "Racing steps count the events that another step removes.")
            .unlocked(["remove_events"]),
        fault("RETENTION-4", "Racing steps count the attempts that another step removes.")
            .unlocked(["remove_attempts"]),
    ]
}

fn of_tickets() -> Vec<Fault> {
    vec![
        fault("TICKET-10", "A new ticket's id is checked before, not while, it is taken.")
            .unlocked(["create_tickets"]),
        fault("COMMENT-12", "The id of a comment is taken on its ticket only.").create_comments(
            |store, batch| {
                free_ids(store, &batch, |there, new| there.ticket_id != new.ticket_id);
                store.create_comments(batch)
            },
        ),
        fault("COMMENT-12", "The id of a comment is taken at its time only.").create_comments(
            |store, batch| {
                free_ids(store, &batch, |there, new| there.time != new.time);
                store.create_comments(batch)
            },
        ),
        fault("COMMENT-12", "A new comment's id is checked before, not while, it is taken.")
            .unlocked(["create_comments"]),
        fault("TICKET-24", "A deletion checks the version before, not while, it deletes.")
            .unlocked(["delete_ticket"]),
        fault("TICKET-25", "A new ticket's assignee is checked before, not while, the ticket is written.")
            .unlocked(["create_tickets"]),
        fault("TICKET-25", "A ticket's new assignee is checked before, not while, the ticket is written.")
            .unlocked(["update_ticket"]),
        fault("TICKET-30", "A ticket's new customer is checked before, not while, the ticket is moved.")
            .unlocked(["update_ticket"]),
        fault("TICKET-30", "A merge moves the tickets that it found before, not while, it runs.")
            .unlocked(["merge_customers"]),
        fault("TICKET-30", "An erasure erases the tickets that it found before, not while, it runs.")
            .unlocked(["erase_customer"]),
        fault("COMMENT-11", "A new ticket's comment writes back the whole ticket that it has read.")
            .create_comments(|Store { state, earlier }, batch| {
                let tickets: Vec<_> =
                    batch.iter().map(|item| (item.comment.shop_id, item.comment.ticket_id)).collect();
                let outcomes = state.create_comments(batch)?;
                for place in tickets {
                    if let Some(earlier) = earlier.tickets.get(&place)
                        && earlier.ticket.version == 1
                        && let Some(stored) = state.tickets.get_mut(&place)
                    {
                        stored.ticket.name.clone_from(&earlier.ticket.name);
                    }
                }
                Ok(outcomes)
            })
            .after_a_gap(),
        fault("COMMENT-22", "A comment's version is checked before, not while, the comment is written.")
            .create_comments(|Store { state, earlier }, mut batch| {
                for item in &mut batch {
                    let place = (item.comment.shop_id, item.comment.ticket_id);
                    let version = earlier.tickets.get(&place).map(|stored| stored.ticket.version);
                    item.expected_version.take_if(|expected| Some(*expected) == version);
                }
                state.create_comments(batch)
            })
            .after_a_gap(),
        fault("COMMENT-11", "Racing changes of a comment overwrite each other.").unlocked(["update_comment"]),
        fault("COMMENT-11", "Racing deletions of a comment all delete it.").unlocked(["delete_comment"]),
        fault("COMMENT-22", "The version is checked before, not while, a comment is changed.")
            .unlocked(["update_comment"]),
        fault("COMMENT-22", "The version is checked before, not while, a comment is deleted.")
            .unlocked(["delete_comment"]),
        fault("COMMENT-13", "A comment brings a deleted ticket back.").unlocked(["create_comments"]),
        fault("COMMENT-13", "An update brings a deleted ticket back.").unlocked(["update_ticket"]),
        fault("COMMENT-13", "A deletion leaves the comments that are created while it runs.")
            .unlocked(["delete_ticket"]),
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
            .unlocked(["reserve_id_range"]),
    ]
}

fn of_the_log() -> Vec<Fault> {
    vec![
        fault("EVENT-13", "The log is in the order of time.").list_events(|store, shop, _, after, size| {
            let mut events = store.events_after(shop, None);
            events.sort_by_key(|(position, event)| (event.stamp.time, *position));
            let events = crate::faulty::rest(events, after, |position, after| position > after);
            Ok(Ok(Page::cut(events, size)))
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
