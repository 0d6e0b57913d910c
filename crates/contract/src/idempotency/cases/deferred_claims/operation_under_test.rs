//! The checks that every operation must pass.

use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{
    Fingerprint, IdempotencyClaim, IdempotencyRequest, IdempotentOutcome, Receipt, Storage, Timestamp,
};

use super::api_keys::{KeyRotations, Keys};
use super::comment_updates::CommentUpdates;
use super::comments::Comments;
use super::customer_updates::CustomerUpdates;
use super::customers::Customers;
use super::ticket_updates::TicketUpdates;
use super::user_updates::UserUpdates;
use super::users::Users;
use super::{Operation, Thing, request};
use crate::cases::concurrency::{RACERS, ROUNDS, race};
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, claimed, create_ticket, creation, heavy_text_of, joined_alike, longest_operations,
    text_of,
};

/// An operation and the store that it runs on.
struct OperationUnderTest<'a> {
    storage: &'a dyn Storage,
    operation: &'a dyn Operation,
}

impl OperationUnderTest<'_> {
    async fn attempt(
        &self,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: &IdempotencyRequest,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>> {
        self.operation.attempt(self.storage, fixture, thing, Some((request.clone(), at(3)))).await
    }

    /// Runs the first use of a key and returns the receipt.
    async fn run(
        &self,
        fixture: &ShopWithPeople,
        number: i64,
        request: &IdempotencyRequest,
    ) -> anyhow::Result<Vec<u8>> {
        let IdempotentOutcome::Ran(answer) = self.attempt(fixture, Thing::New(number), request).await? else {
            anyhow::bail!("the first use of {request:?} did not run");
        };
        self.expect(fixture, "the first use of a key", number, true).await?;
        Ok(answer)
    }

    async fn expect(
        &self,
        fixture: &ShopWithPeople,
        what: &str,
        number: i64,
        there: bool,
    ) -> anyhow::Result<()> {
        let found = self.operation.is_there(self.storage, fixture, number).await?;
        same(&format!("whether {what} has an effect"), &found, &there)
    }

    /// Fails unless the request has this outcome and no effect.
    async fn expect_idle(
        &self,
        fixture: &ShopWithPeople,
        what: &str,
        number: i64,
        request: &IdempotencyRequest,
        expected: &IdempotentOutcome<Vec<u8>>,
    ) -> anyhow::Result<()> {
        // Also with requests that would be refused, because the record is checked first.
        for thing in [Thing::New(number), Thing::Refused(number), Thing::Refused(number + 1)] {
            same(&format!("{what}, as {thing:?}"), &self.attempt(fixture, thing, request).await?, expected)?;
        }
        self.expect(fixture, what, number, false).await
    }
}

/// Tests the operation in shops below this domain.
pub(super) async fn expect_once(
    storage: &Arc<dyn Storage>,
    domain: &str,
    operation: Arc<dyn Operation>,
) -> anyhow::Result<()> {
    let mut fixtures = Vec::new();
    for name in ["one", "two"] {
        let fixture = ShopWithPeople::create(&**storage, &format!("{name}.{domain}")).await?;
        operation.prepare_shop(&**storage, &fixture).await?;
        fixtures.push(fixture);
    }
    let tested = OperationUnderTest { storage: &**storage, operation: &*operation };
    same_request_is_replayed(&tested, &fixtures[0]).await?;
    other_request_is_refused(&tested, &fixtures[0]).await?;
    keys_belong_to_shop_and_operation(&tested, &fixtures).await?;
    refusals_leave_no_record(&tested, &fixtures[0]).await?;
    without_a_once_nothing_is_recorded(&tested, &fixtures[0]).await?;
    one_of_racing_attempts_runs(storage, operation, Arc::new(fixtures.swap_remove(0))).await
}

/// Tests that an operation, which ONCE-1 does not know, shares its records with tickets. A store gets
/// ONCE-1 before such an operation.
pub(super) async fn expect_space_of_tickets(
    storage: &dyn Storage,
    operation: &dyn Operation,
) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "one-space.example.com").await?;
    operation.prepare_shop(storage, &fixture).await?;
    one_space_with_tickets(&OperationUnderTest { storage, operation }, &fixture, 10_000).await
}

/// Tests that every operation shares its records with every other one.
pub(super) async fn expect_one_space(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "one-space.example.com").await?;
    create_ticket(storage, creation(fixture.ticket(1)?)).await?;
    CommentUpdates.prepare_shop(storage, &fixture).await?;
    let rotations = KeyRotations::default();
    let operations: [&dyn Operation; 9] = [
        &Comments,
        &CommentUpdates,
        &Customers,
        &CustomerUpdates,
        &TicketUpdates,
        &Users,
        &UserUpdates,
        &Keys,
        &rotations,
    ];
    for (operation, number) in operations.into_iter().zip((10_000..).step_by(10_000)) {
        let tested = OperationUnderTest { storage, operation };
        one_space_with_tickets(&tested, &fixture, number).await?;
        one_space_with_each_other(&tested, &fixture, &operations, number + 1_000).await?;
    }
    Ok(())
}

async fn same_request_is_replayed(
    tested: &OperationUnderTest<'_>,
    fixture: &ShopWithPeople,
) -> anyhow::Result<()> {
    // Keys that only look alike are different keys.
    let long = [text_of(255), heavy_text_of(255), heavy_text_of(254) + "x"];
    let alike =
        ["key", "Key", "KEY", "key ", " key", "ke", "k_y", "k%", "kéy", "ke\u{301}y", "1", "01", "'", "\\"];
    let keys: Vec<String> = alike.map(Into::into).into_iter().chain(long).collect();
    let mut answers = Vec::new();
    for (key, number) in keys.iter().zip(1_000..) {
        answers.push(tested.run(fixture, number, &request(key, 1)?).await?);
    }
    for ((key, answer), number) in keys.iter().zip(answers).zip(1_000..) {
        let replayed = IdempotentOutcome::Replayed(answer);
        let request = request(key, 1)?;
        // With another thing, as in a retry with a new id, and unchanged.
        tested.expect_idle(fixture, &format!("again {key:?}"), 9_000, &request, &replayed).await?;
        for requested_at in [at(3), Timestamp::MIN, Timestamp::MAX] {
            let again = Some((request.clone(), requested_at));
            let attempt =
                tested.operation.attempt(tested.storage, fixture, Thing::New(number), again).await?;
            same("the identical request", &attempt, &replayed)?;
        }
        tested.expect(fixture, "the first use of a key, after a replay", number, true).await?;
    }
    Ok(())
}

async fn other_request_is_refused(
    tested: &OperationUnderTest<'_>,
    fixture: &ShopWithPeople,
) -> anyhow::Result<()> {
    let first = request("other request", 1)?;
    let answer = tested.run(fixture, 2_000, &first).await?;
    let mut fingerprints =
        vec![request("", 2).map_or(Fingerprint([0; 32]), |other| other.fingerprint), Fingerprint([0; 32])];
    // Both ends of the fingerprint are compared.
    for place in [0, 31] {
        let mut other = first.fingerprint;
        other.0[place] ^= 1;
        fingerprints.push(other);
    }
    for fingerprint in fingerprints {
        let other = IdempotencyRequest { fingerprint, ..first.clone() };
        tested.expect_idle(fixture, "another request", 2_002, &other, &IdempotentOutcome::KeyReused).await?;
        // The refused request did not replace the record.
        let replayed = IdempotentOutcome::Replayed(answer.clone());
        tested.expect_idle(fixture, "the first request again", 2_002, &first, &replayed).await?;
    }
    Ok(())
}

async fn keys_belong_to_shop_and_operation(
    tested: &OperationUnderTest<'_>,
    fixtures: &[ShopWithPeople],
) -> anyhow::Result<()> {
    let operations = ["create", "creates", "Create", "", "create_ticket", "creaté"].map(Into::into);
    // Two that differ in their last byte.
    let operations: Vec<String> =
        operations.into_iter().chain(longest_operations().into_iter().take(2)).collect();
    let mut uses = Vec::new();
    for (fixture, place) in fixtures.iter().zip(0..) {
        for (operation, index) in operations.iter().zip(0..) {
            // Some with the same request, some with another.
            let request = request("of several", u8::from(index % 2 == 0))?;
            let request = IdempotencyRequest { operation: operation.clone(), ..request };
            let answer = tested.run(fixture, 3_000 + place * 100 + index, &request).await?;
            uses.push((fixture, request, answer));
        }
    }
    for (fixture, request, answer) in uses {
        let what = format!("{} of {}", request.operation, fixture.shop.domain);
        let replayed = IdempotentOutcome::Replayed(answer);
        tested.expect_idle(fixture, &format!("the second {what}"), 3_900, &request, &replayed).await?;
        let other = IdempotencyRequest { fingerprint: Fingerprint([7; 32]), ..request };
        tested
            .expect_idle(fixture, &format!("another {what}"), 3_900, &other, &IdempotentOutcome::KeyReused)
            .await?;
    }
    // Operation and key are two texts, also if they are alike once joined.
    for (pairs, number) in ["", " ", "/", ":"].map(joined_alike).into_iter().zip((3_500..).step_by(4)) {
        for ((operation, key), number) in pairs.into_iter().zip(number..) {
            let request = IdempotencyRequest { operation, ..request(&key, 1)? };
            tested.run(&fixtures[0], number, &request).await?;
        }
    }
    Ok(())
}

async fn refusals_leave_no_record(
    tested: &OperationUnderTest<'_>,
    fixture: &ShopWithPeople,
) -> anyhow::Result<()> {
    for number in [4_000, 4_001, 4_003] {
        let key = format!("refused {number}");
        // Refused on every attempt.
        for _ in 0..2 {
            let attempt = tested.attempt(fixture, Thing::Refused(number), &request(&key, 1)?).await?;
            ensure!(matches!(attempt, IdempotentOutcome::Ran(_)), "a refusal returned {attempt:?}");
            tested.expect(fixture, "a refusal", number, false).await?;
        }
        // Another request, so that a remaining record would show.
        let answer = tested.run(fixture, number + 10, &request(&key, 2)?).await?;
        let replayed = IdempotentOutcome::Replayed(answer);
        tested.expect_idle(fixture, "the request that ran", 4_900, &request(&key, 2)?, &replayed).await?;
    }
    Ok(())
}

async fn without_a_once_nothing_is_recorded(
    tested: &OperationUnderTest<'_>,
    fixture: &ShopWithPeople,
) -> anyhow::Result<()> {
    for number in 5_000..5_004 {
        let attempt = tested.operation.attempt(tested.storage, fixture, Thing::New(number), None).await?;
        ensure!(matches!(attempt, IdempotentOutcome::Ran(_)), "without a key it returned {attempt:?}");
        tested.expect(fixture, "a request without a key", number, true).await?;
    }
    Ok(())
}

/// Tickets and the operation share one space of keys.
async fn one_space_with_tickets(
    tested: &OperationUnderTest<'_>,
    fixture: &ShopWithPeople,
    number: i64,
) -> anyhow::Result<()> {
    let of_ticket = |id: i64, request: IdempotencyRequest| -> anyhow::Result<TicketCreation> {
        let receipt = Receipt { response: b"ticket".to_vec(), customer_id: None };
        Ok(claimed(fixture.ticket(id)?, IdempotencyClaim { request, receipt }))
    };
    let key = format!("of a ticket {number}");
    let (first, other) = (request(&key, 1)?, request(&key, 2)?);
    let outcome = create_ticket(tested.storage, of_ticket(number, first.clone())?).await?;
    same("a ticket with a key", &outcome, &CreateTicketOutcome::Created)?;
    let replayed = IdempotentOutcome::Replayed(b"ticket".to_vec());
    tested.expect_idle(fixture, "a ticket's request", number, &first, &replayed).await?;
    tested.expect_idle(fixture, "a ticket's key", number, &other, &IdempotentOutcome::KeyReused).await?;

    let key = format!("for a ticket {number}");
    let (first, other) = (request(&key, 1)?, request(&key, 2)?);
    let answer = tested.run(fixture, number + 2, &first).await?;
    for (request, expected) in
        [(first, CreateTicketOutcome::Replayed(answer)), (other, CreateTicketOutcome::KeyReused)]
    {
        let outcome = create_ticket(tested.storage, of_ticket(number + 1, request)?).await?;
        same("a ticket with the operation's key", &outcome, &expected)?;
    }
    Ok(())
}

/// A key that another operation has recorded is replayed or refused.
async fn one_space_with_each_other(
    tested: &OperationUnderTest<'_>,
    fixture: &ShopWithPeople,
    others: &[&dyn Operation],
    number: i64,
) -> anyhow::Result<()> {
    for (&other, number) in others.iter().zip((number..).step_by(100)) {
        let key = format!("of another operation {number}");
        let (first, reused) = (request(&key, 1)?, request(&key, 2)?);
        let before = OperationUnderTest { storage: tested.storage, operation: other };
        let replayed = IdempotentOutcome::Replayed(before.run(fixture, number, &first).await?);
        let what = "another operation's request";
        tested.expect_idle(fixture, what, number + 2, &first, &replayed).await?;
        tested.expect_idle(fixture, what, number + 2, &reused, &IdempotentOutcome::KeyReused).await?;
    }
    Ok(())
}

async fn one_of_racing_attempts_runs(
    storage: &Arc<dyn Storage>,
    operation: Arc<dyn Operation>,
    fixture: Arc<ShopWithPeople>,
) -> anyhow::Result<()> {
    for round in 0..i64::try_from(ROUNDS)? {
        let request = request(&format!("raced for {round}"), 1)?;
        let number = move |racer: i64| 8_000 + round * 100 + racer * 2;
        for racer in 0..i64::try_from(RACERS)? {
            operation.prepare(&**storage, &fixture, number(racer)).await?;
        }
        let attempts = race(RACERS, |racer| {
            let (storage, operation, fixture) =
                (Arc::clone(storage), Arc::clone(&operation), Arc::clone(&fixture));
            let request = request.clone();
            async move {
                let number = number(i64::try_from(racer)?);
                let request = Some((request, at(3)));
                let attempt = operation.attempt(&*storage, &fixture, Thing::New(number), request).await?;
                Ok((number, attempt))
            }
        })
        .await?;
        let mut ran = attempts.iter().filter(|(_, attempt)| matches!(attempt, IdempotentOutcome::Ran(_)));
        let Some((_, IdempotentOutcome::Ran(answer))) = ran.next() else {
            anyhow::bail!("none of the racers ran: {attempts:?}");
        };
        let replayed = IdempotentOutcome::Replayed(answer.clone());
        for (number, attempt) in &attempts {
            let won = *attempt == IdempotentOutcome::Ran(answer.clone());
            ensure!(
                won || *attempt == replayed || *attempt == IdempotentOutcome::InProgress,
                "a loser got {attempt:?}"
            );
            let found = operation.is_there(&**storage, &fixture, *number).await?;
            same("whether a racer had an effect", &found, &won)?;
        }
        same("the number of other racers that ran", &ran.count(), &0)?;
        let again =
            operation.attempt(&**storage, &fixture, Thing::New(8_900), Some((request, at(3)))).await?;
        same("a request repeated after the race", &again, &replayed)?;
    }
    Ok(())
}
