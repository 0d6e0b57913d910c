//! Faults of idempotency keys.

use std::collections::BTreeSet;

use hexdesk_domain::ports::{
    CommentCreation, CreateCommentOutcome, CreateCustomerOutcome, CreateTicketOutcome, CreateUserOutcome,
    RotateKeyOutcome, UpdateCustomerOutcome, UpdateTicketOutcome,
};
use hexdesk_domain::{DeferredClaim, IdempotencyClaim, IdempotentOutcome, Receipt};
use std::sync::Arc;

use crate::faulty::{
    Fault, cut, cut_operation, cutting_operations, fault, join_key, joining_keys, kept_apart, recording_all,
    recording_nothing, without_fingerprint,
};
use crate::memory::record_key;
use crate::tickets::faults::{create_unless, has_assignee, has_customer};

impl Fault {
    /// Changes the claim of each new ticket.
    fn ticket_claim(self, change: fn(&mut IdempotencyClaim)) -> Self {
        self.create_tickets(move |store, mut batch| {
            batch.iter_mut().filter_map(|item| item.idempotency.as_mut()).for_each(change);
            store.create_tickets(batch)
        })
    }

    /// Changes the claim of each new comment.
    fn comment_claim(
        self,
        change: fn(DeferredClaim<CreateCommentOutcome>) -> DeferredClaim<CreateCommentOutcome>,
    ) -> Self {
        self.create_comments(move |store, batch| {
            let batch = batch.into_iter();
            let batch = batch.map(|item| CommentCreation { claim: item.claim.map(change), ..item });
            store.create_comments(batch.collect())
        })
    }
}

/// Cuts receipts before the first zero byte.
fn cut_at_zero<T: 'static>(claim: DeferredClaim<T>) -> DeferredClaim<T> {
    let receipt = Arc::clone(&claim.receipt);
    let cut = move |outcome: &T| {
        let mut receipt: Receipt = receipt(outcome)?;
        let end = receipt.response.iter().position(|byte| *byte == 0);
        receipt.response.truncate(end.unwrap_or(usize::MAX));
        Some(receipt)
    };
    DeferredClaim { receipt: Arc::new(cut), ..claim }
}

/// Keeps receipts of created customers only.
fn recording_created(claim: DeferredClaim<CreateCustomerOutcome>) -> DeferredClaim<CreateCustomerOutcome> {
    let receipt = Arc::clone(&claim.receipt);
    let created = move |outcome: &CreateCustomerOutcome| {
        receipt(outcome).filter(|_| !matches!(outcome, CreateCustomerOutcome::Existing(_)))
    };
    DeferredClaim { receipt: Arc::new(created), ..claim }
}

pub(crate) fn faults() -> Vec<Fault> {
    [of_new_tickets(), of_tickets_and_comments(), of_customers(), of_users(), of_keys()]
        .into_iter()
        .flatten()
        .collect()
}

fn of_new_tickets() -> Vec<Fault> {
    vec![
        fault("IDEMPOTENCY-1", "A receipt is cut after 64 KiB.")
            .ticket_claim(|claim| claim.receipt.response.truncate(1 << 16)),
        fault("IDEMPOTENCY-2", "The last byte of fingerprints is not compared.")
            .ticket_claim(|claim| claim.request.fingerprint.0[31] = 0),
        fault("IDEMPOTENCY-3", "The operation is not part of a ticket's key.")
            .ticket_claim(|claim| claim.request.operation.clear()),
        fault("IDEMPOTENCY-3", "The operation of a ticket's key is cut at 32 bytes.")
            .ticket_claim(|claim| cut_operation(&mut claim.request)),
        fault("IDEMPOTENCY-3", "The last byte of the longest operation of a ticket's key is cut.")
            .ticket_claim(|claim| claim.request.operation = cut(&claim.request.operation, 254)),
        fault("IDEMPOTENCY-3", "Operation and key of a ticket are joined.")
            .ticket_claim(|claim| join_key(&mut claim.request, "")),
        fault("IDEMPOTENCY-3", "Operation and key of a ticket are joined by a bar.")
            .ticket_claim(|claim| join_key(&mut claim.request, "|")),
        fault("IDEMPOTENCY-3", "Key and operation of a ticket are joined by a slash.").ticket_claim(
            |claim| {
                let operation = std::mem::take(&mut claim.request.operation);
                join_key(&mut claim.request, "/");
                claim.request.operation = claim.request.operation.split_off(1) + "/" + &operation;
            },
        ),
        fault("IDEMPOTENCY-4", "A refused ticket leaves a record.").create_tickets(|store, batch| {
            let outcomes = store.create_tickets(batch.clone())?;
            for (item, outcome) in batch.into_iter().zip(&outcomes) {
                if let Some(IdempotencyClaim { request, receipt }) = item.idempotency
                    && *outcome == CreateTicketOutcome::AssigneeNotFound
                    && store.recorded(item.ticket.shop_id, &request).is_none()
                {
                    store.record(item.ticket.shop_id, &request, item.stamp.time, receipt);
                }
            }
            Ok(outcomes)
        }),
        fault("IDEMPOTENCY-5", "Later items of a batch do not see a key of an earlier item.")
            .create_tickets(|store, mut batch| {
                let mut seen = BTreeSet::new();
                for item in &mut batch {
                    let is_created = has_customer(store, item);
                    item.idempotency.take_if(|claim| {
                        let key = record_key(item.ticket.shop_id, &claim.request);
                        let is_recorded = store.idempotency_records.contains_key(&key);
                        is_created && !is_recorded && !seen.insert(key)
                    });
                }
                store.create_tickets(batch)
            })
            .found_by_the_model(),
        fault("IDEMPOTENCY-6", "The assignee is checked before the record.").create_tickets(
            |store, batch| {
                create_unless(store, batch, |state, item| {
                    let is_refused = has_customer(state, item) && !has_assignee(state, item);
                    is_refused.then_some(CreateTicketOutcome::AssigneeNotFound)
                })
            },
        ),
    ]
}

fn of_tickets_and_comments() -> Vec<Fault> {
    vec![
        fault("TICKET-22", "Operations of updates of tickets are cut at 32 bytes.")
            .ticket_update_claim(cutting_operations),
        fault("TICKET-22", "Operation and key of updates of tickets are joined by a space.")
            .ticket_update_claim(joining_keys),
        fault("TICKET-22", "A refused update of a ticket leaves a record.")
            .ticket_update_claim(recording_all)
            .found_by_the_model(),
        fault("TICKET-22", "An empty update of a ticket leaves no record.").update_ticket(
            |store, shop, id, update, claim| {
                let is_empty = update.changes.is_empty();
                let claim = claim.map(|claim| if is_empty { recording_nothing(claim) } else { claim });
                store.attempt(shop, claim, |store| store.update_ticket(shop, id, update))
            },
        ),
        fault("TICKET-22", "A key replays the update of a ticket even for another request.")
            .ticket_update_claim(without_fingerprint),
        fault("ONCE-1", "Updates of tickets have their own space of keys.")
            .ticket_update_claim(kept_apart)
            .found_by_the_model(),
        fault("TICKET-22", "The version is checked before the record.").update_ticket(
            |store, shop, id, update, claim| {
                let outcome = store.state.clone().update_ticket(shop, id, update.clone())?;
                if outcome == UpdateTicketOutcome::VersionMismatch {
                    return Ok(IdempotentOutcome::Ran(outcome));
                }
                store.attempt(shop, claim, |store| store.update_ticket(shop, id, update))
            },
        ),
        fault("TICKET-22", "Racing updates of tickets with one key all take effect.").racing_ticket_updates(),
        fault("COMMENT-10", "Operations of comments are cut at 32 bytes.").comment_claim(cutting_operations),
        fault("COMMENT-10", "Operation and key of comments are joined by a space.")
            .comment_claim(joining_keys),
        fault("COMMENT-10", "A refused comment leaves a record.")
            .comment_claim(recording_all)
            .found_by_the_model(),
        fault("COMMENT-10", "A key replays the comment even for another request.")
            .comment_claim(without_fingerprint),
        fault("ONCE-1", "Comments have their own space of keys.")
            .comment_claim(kept_apart)
            .found_by_the_model(),
        fault("COMMENT-16", "Operations of updates of comments are cut at 32 bytes.")
            .comment_update_claim(cutting_operations),
        fault("COMMENT-16", "Operation and key of updates of comments are joined by a space.")
            .comment_update_claim(joining_keys),
        fault("COMMENT-16", "A refused update of a comment leaves a record.")
            .comment_update_claim(recording_all),
        fault("COMMENT-16", "An update of a comment leaves no record.")
            .comment_update_claim(recording_nothing),
        fault("COMMENT-16", "A key replays the update of a comment even for another request.")
            .comment_update_claim(without_fingerprint),
        fault("COMMENT-16", "Racing updates of comments with one key all take effect.")
            .racing_comment_updates(),
        fault("ONCE-1", "Updates of comments have their own space of keys.").comment_update_claim(kept_apart),
        fault("COMMENT-10", "The receipt of a comment is cut at a zero byte.").comment_claim(cut_at_zero),
        fault("COMMENT-10", "Racing comments with one key are all created.")
            .create_comments(|store, batch| store.with_earlier_records(|state| state.create_comments(batch)))
            .after_a_gap(),
    ]
}

fn of_customers() -> Vec<Fault> {
    vec![
        fault("CUSTOMER-8", "Operations of creations of customers are cut at 32 bytes.")
            .customer_creation_claim(cutting_operations),
        fault("CUSTOMER-8", "Operation and key of creations of customers are joined by a space.")
            .customer_creation_claim(joining_keys),
        fault("CUSTOMER-8", "An existing customer always leaves a record.")
            .customer_creation_claim(recording_all),
        fault("CUSTOMER-8", "An existing customer never leaves a record.")
            .customer_creation_claim(recording_created)
            .found_by_the_model(),
        fault("CUSTOMER-8", "A key replays the creation of a customer even for another request.")
            .customer_creation_claim(without_fingerprint),
        fault("ONCE-1", "Creations of customers have their own space of keys.")
            .customer_creation_claim(kept_apart),
        fault("CUSTOMER-8", "An existing customer is found before the record.")
            .create_customer(|store, shop, new, claim| {
                let outcome = store.state.clone().create_customer(shop, new.clone())?;
                if matches!(outcome, CreateCustomerOutcome::Existing(_)) {
                    return Ok(IdempotentOutcome::Ran(outcome));
                }
                store.attempt(shop, claim, |store| store.create_customer(shop, new))
            })
            .found_by_the_model(),
        fault("CUSTOMER-8", "Racing creations of customers with one key all take effect.")
            .racing_customer_creations(),
        fault("CUSTOMER-13", "Operations of updates of customers are cut at 32 bytes.")
            .customer_update_claim(cutting_operations),
        fault("CUSTOMER-13", "Operation and key of updates of customers are joined by a space.")
            .customer_update_claim(joining_keys),
        fault("CUSTOMER-13", "A refused update of a customer leaves a record.")
            .customer_update_claim(recording_all),
        fault("CUSTOMER-13", "An empty update of a customer leaves no record.").update_customer(
            |store, shop, id, update, claim| {
                let is_empty = update.changes.is_empty();
                let claim = claim.map(|claim| if is_empty { recording_nothing(claim) } else { claim });
                store.attempt(shop, claim, |store| Ok(store.update_customer(shop, id, update)))
            },
        ),
        fault("CUSTOMER-13", "A key replays the update of a customer even for another request.")
            .customer_update_claim(without_fingerprint),
        fault("ONCE-1", "Updates of customers have their own space of keys.")
            .customer_update_claim(kept_apart)
            .found_by_the_model(),
        fault("CUSTOMER-13", "A missing customer is detected before the record.").update_customer(
            |store, shop, id, update, claim| {
                if !store.customers.contains_key(&(shop, id)) {
                    return Ok(IdempotentOutcome::Ran(UpdateCustomerOutcome::CustomerNotFound));
                }
                store.attempt(shop, claim, |store| Ok(store.update_customer(shop, id, update)))
            },
        ),
        fault("CUSTOMER-29", "A refused merge of customers leaves a record.")
            .customer_merge_claim(recording_all),
        fault("CUSTOMER-29", "A key replays a merge even for another request.")
            .customer_merge_claim(without_fingerprint),
        fault("CUSTOMER-29", "Merges have their own space of keys.").customer_merge_claim(kept_apart),
        fault("CUSTOMER-29", "Operations of merges are cut at 32 bytes.")
            .customer_merge_claim(cutting_operations),
        fault("CUSTOMER-29", "Racing merges with one key all run.").racing_customer_merges(),
        fault("CUSTOMER-13", "Racing updates of customers with one key all take effect.")
            .racing_customer_updates(),
    ]
}

fn of_users() -> Vec<Fault> {
    vec![
        fault("USER-6", "Operations of operations on users are cut at 32 bytes.")
            .user_creation_claim(cutting_operations)
            .user_update_claim(cutting_operations),
        fault("USER-6", "Operation and key of operations on users are joined by a space.")
            .user_creation_claim(joining_keys)
            .user_update_claim(joining_keys),
        fault("USER-6", "A refused user leaves a record.")
            .user_creation_claim(recording_all)
            .user_update_claim(recording_all),
        fault("USER-6", "A key replays an operation on users even for another request.")
            .user_creation_claim(without_fingerprint)
            .user_update_claim(without_fingerprint),
        fault("ONCE-1", "Operations on users have their own space of keys.")
            .user_creation_claim(kept_apart)
            .user_update_claim(kept_apart)
            .found_by_the_model(),
        fault("USER-6", "An empty update of a user leaves no record.").update_user(
            |store, shop, id, update, claim| {
                let is_empty = update.changes.is_empty();
                let claim = claim.map(|claim| if is_empty { recording_nothing(claim) } else { claim });
                store.attempt(shop, claim, |store| Ok(store.update_user(shop, id, update)))
            },
        ),
        fault("USER-6", "Updates of users leave no record.").user_update_claim(recording_nothing),
        fault("USER-6", "A taken address of a user is found before the record.").create_user(
            |store, shop, new, claim| {
                let outcome = store.state.clone().create_user(shop, new.clone())?;
                if matches!(outcome, CreateUserOutcome::EmailTaken(_)) {
                    return Ok(IdempotentOutcome::Ran(outcome));
                }
                store.attempt(shop, claim, |store| store.create_user(shop, new))
            },
        ),
        fault("USER-6", "Racing creations of users with one key all take effect.").racing_user_creations(),
    ]
}

fn of_keys() -> Vec<Fault> {
    vec![
        fault("KEY-8", "Operations of operations on API keys are cut at 32 bytes.")
            .key_creation_claim(cutting_operations)
            .key_rotation_claim(cutting_operations),
        fault("KEY-8", "Operation and key of operations on API keys are joined by a space.")
            .key_creation_claim(joining_keys)
            .key_rotation_claim(joining_keys),
        fault("KEY-8", "A refused key leaves a record.")
            .key_creation_claim(recording_all)
            .key_rotation_claim(recording_all),
        fault("KEY-8", "An idempotency key replays an operation on API keys even for another request.")
            .key_creation_claim(without_fingerprint)
            .key_rotation_claim(without_fingerprint),
        fault("ONCE-1", "Operations on API keys have their own space of idempotency keys.")
            .key_creation_claim(kept_apart)
            .key_rotation_claim(kept_apart)
            .found_by_the_model(),
        fault("KEY-8", "Rotations leave no record.").key_rotation_claim(recording_nothing),
        fault("KEY-8", "The old key is checked before the record.").rotate_key(
            |store, shop, number, rotation, claim| {
                let old = store.api_keys.get(&(shop, number));
                if !old.is_some_and(|old| old.is_live(rotation.stamp.time)) {
                    return Ok(IdempotentOutcome::Ran(RotateKeyOutcome::NotLive));
                }
                store.attempt(shop, claim, |store| store.rotate_key(shop, number, rotation))
            },
        ),
        fault("KEY-8", "Racing creations of API keys with one idempotency key all take effect.")
            .racing_key_creations(),
    ]
}
