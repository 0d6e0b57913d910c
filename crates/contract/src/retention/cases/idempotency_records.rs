use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::ports::{CommentCreation, CreateTicketOutcome, TicketCreation, UserUpdate};
use hexdesk_domain::{
    CustomerChanges, DeferredClaim, IdempotentOutcome, KeyNumber, Storage, Ticket, TicketChanges, Timestamp,
    UserChanges,
};

use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, attempt_comment, claim, comment_creation, create_ticket, creation, customer_by_email,
    customer_update, deferred_claim, find_ticket, new_comment, new_key, rotation, stamp, ticket_id, update,
    user_by_email,
};

/// The number of records that [`make`] makes.
const RECORDS: u64 = 9;

/// RETENTION-1: each step removes records from before a time, and nothing else.
pub async fn retention_1_removes_old_records(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    for (limit, expected) in [(1, vec![1; 18]), (2, vec![2; 9]), (7, vec![7, 7, 4]), (1_000, vec![18])] {
        let name = |shop: &str| format!("{shop}-{limit}.example.com");
        let fixtures = [
            ShopWithPeople::create(storage, &name("one")).await?,
            ShopWithPeople::create(storage, &name("two")).await?,
        ];
        let before = at(i64::from(limit));
        let (old, kept) = (before.saturating_add_millis(-1), before);
        for fixture in &fixtures {
            for (key, time) in [("old", old), ("kept", kept)] {
                let answers = make(storage, fixture, key, 1, time).await?;
                same("new requests", &answers, &vec![Answer::Ran; answers.len()])?;
            }
        }
        same(
            "removing records from before the oldest",
            &storage.remove_idempotency_records(old, limit).await?,
            &0,
        )?;
        let mut removed = Vec::new();
        loop {
            let step = storage.remove_idempotency_records(before, limit).await?;
            removed.push(step);
            // Removing too many would never end.
            if step < u64::from(limit) || removed.len() > expected.len() {
                break;
            }
        }
        let mut expected = expected;
        if expected.last().is_some_and(|last| *last == u64::from(limit)) {
            expected.push(0);
        }
        same(&format!("the steps of {limit}"), &removed, &expected)?;
        for fixture in &fixtures {
            // Checked now, because later rounds make younger records.
            let answers = make(storage, fixture, "kept", 1, kept).await?;
            same("requests whose records stay", &answers, &vec![Answer::Replayed; answers.len()])?;
            for (key, _) in KEYS {
                find_ticket(storage, fixture.shop.id, ticket_id(ticket_of(key))?).await?;
            }
        }
        let rest = storage.remove_idempotency_records(before.saturating_add_millis(1), 1_000).await?;
        same("removing the kept records", &rest, &(2 * RECORDS))?;
    }
    extremes(storage).await
}

/// Records from the first and the last possible time.
async fn extremes(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "extremes.example.com").await?;
    for (key, time) in [("old", Timestamp::MIN), ("kept", Timestamp::MAX)] {
        make(storage, &fixture, key, 1, time).await?;
    }
    let none = storage.remove_idempotency_records(Timestamp::MIN, 1_000).await?;
    same("removing records from before the first moment", &none, &0)?;
    let first = storage.remove_idempotency_records(Timestamp::MAX, 1_000).await?;
    same("removing records from before the last moment", &first, &RECORDS)
}

/// RETENTION-2: a key whose record was removed is free.
pub async fn retention_2_removed_key_is_free(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let one = ShopWithPeople::create(storage, "one.example.com").await?;
    let two = ShopWithPeople::create(storage, "two.example.com").await?;
    for fixture in [&one, &two] {
        make(storage, fixture, "old", 1, at(0)).await?;
        let reused = make(storage, fixture, "old", 2, at(0)).await?;
        same("other requests under used keys", &reused, &vec![Answer::KeyReused; reused.len()])?;
    }
    same("removing", &storage.remove_idempotency_records(at(1), 1_000).await?, &(2 * RECORDS))?;
    for fixture in [&one, &two] {
        // The same operations on other things, because the earlier things still exist.
        for (request, expected) in [(2, Answer::Ran), (2, Answer::Replayed), (1, Answer::KeyReused)] {
            let answers = make(storage, fixture, "old", request, at(2)).await?;
            same(
                &format!("request {request} under a freed key"),
                &answers,
                &vec![expected.clone(); answers.len()],
            )?;
        }
    }
    Ok(())
}

/// The outcome of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Ran,
    Replayed,
    KeyReused,
    InProgress,
}

fn shown<T>(attempt: &IdempotentOutcome<T>) -> Answer {
    match attempt {
        IdempotentOutcome::Ran(_) => Answer::Ran,
        IdempotentOutcome::Replayed(_) => Answer::Replayed,
        IdempotentOutcome::KeyReused => Answer::KeyReused,
        IdempotentOutcome::InProgress => Answer::InProgress,
    }
}

/// The prefixes of keys, and the numbers of the things created with them.
const KEYS: [(&str, i64); 2] = [("old", 10), ("kept", 20)];

fn ticket_of(key: &str) -> i64 {
    KEYS.iter().find(|(name, _)| *name == key).map_or(99, |(_, number)| *number)
}

/// Runs every operation that accepts an idempotency key, each with its own key, requested at this
/// time.
async fn make(
    storage: &dyn Storage,
    fixture: &ShopWithPeople,
    key: &str,
    request: u8,
    time: Timestamp,
) -> anyhow::Result<Vec<Answer>> {
    let shop = fixture.shop.id;
    let number = ticket_of(key) + i64::from(request) - 1;
    let address = format!("{key}-{request}@example.com");
    let mut answers = Vec::new();

    let ticket = Ticket { is_opened: true, ..fixture.ticket(number)? };
    let claim = claim(&format!("{key} ticket"), request, b"")?;
    let item = TicketCreation { stamp: stamp(time), idempotency: Some(claim), ..creation(ticket.clone()) };
    answers.push(match create_ticket(storage, item).await? {
        CreateTicketOutcome::Created => Answer::Ran,
        CreateTicketOutcome::Replayed(_) => Answer::Replayed,
        CreateTicketOutcome::KeyReused => Answer::KeyReused,
        other => anyhow::bail!("a ticket returned {other:?}"),
    });
    // This ticket exists, whichever request created it.
    let there = fixture.ticket(ticket_of(key))?;
    let item = CommentCreation {
        claim: Some(at_time(deferred_claim(&format!("{key} comment"), request, b"")?, time)),
        ..comment_creation(new_comment(number, &there)?)
    };
    answers.push(shown(&attempt_comment(storage, item).await?));
    let key_of = |what: &str| format!("{key} {what}");

    let named = TicketChanges { name: Some(Some("x".into())), ..TicketChanges::default() };
    let claim = at_time(deferred_claim(&key_of("update"), request, b"")?, time);
    answers.push(shown(&storage.update_ticket(shop, there.id, update(named), Some(claim)).await?));

    let claim = at_time(deferred_claim(&key_of("customer"), request, b"")?, time);
    let new = customer_by_email(&address);
    answers.push(shown(&storage.create_customer(shop, new, Some(claim)).await?));

    let named = CustomerChanges { first_name: Some(Some("x".into())), ..CustomerChanges::default() };
    let claim = at_time(deferred_claim(&key_of("customer update"), request, b"")?, time);
    let changed = customer_update(named);
    answers.push(shown(&storage.update_customer(shop, fixture.customer.id, changed, Some(claim)).await?));

    let claim = at_time(deferred_claim(&key_of("user"), request, b"")?, time);
    answers.push(shown(&storage.create_user(shop, user_by_email(&address), Some(claim)).await?));

    let changes = UserChanges { first_name: Some(Some("x".into())), ..UserChanges::default() };
    let claim = at_time(deferred_claim(&key_of("user update"), request, b"")?, time);
    let changed = UserUpdate { changes, stamp: stamp(at(1)) };
    answers.push(shown(&storage.update_user(shop, fixture.user.id, changed, Some(claim)).await?));

    let claim = at_time(deferred_claim(&key_of("key"), request, b"")?, time);
    answers.push(shown(&storage.create_key(shop, new_key(1), Some(claim)).await?));

    let first = KeyNumber::new(1).context("a key's number")?;
    let claim = at_time(deferred_claim(&key_of("rotation"), request, b"")?, time);
    let rotation = rotation(2, at(0), at(900_000));
    answers.push(shown(&storage.rotate_key(shop, first, rotation, Some(claim)).await?));
    Ok(answers)
}

fn at_time<T>(claim: DeferredClaim<T>, time: Timestamp) -> DeferredClaim<T> {
    DeferredClaim { requested_at: time, ..claim }
}
