//! The obligations of [`Attempt`], the same for every operation that answers one.

use std::sync::Arc;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use hexdesk_domain::ports::{
    CommentCreation, CreateCommentOutcome, CreateCustomerOutcome, CreateTicketOutcome, TicketCreation,
};
use hexdesk_domain::{
    Attempt, Fingerprint, IdempotencyClaim, IdempotencyRequest, NewComment, NewCustomer, Once, Receipt,
    Storage, Timestamp, UserId,
};

use super::concurrency::{RACERS, ROUNDS, race};
use crate::comparison::same;
use crate::samples::{
    Stage, at, attempt_comment, claim, claimed, comment_creation, create_ticket, creation, customer_by_email,
    customer_id, heavy_text_of, new_comment, text_of, user_id,
};

/// COMMENT-10: with a `Once` the obligations of `Attempt` hold.
pub async fn comment_10_takes_effect_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_once(&storage, Arc::new(Comments)).await?;
    a_key_twice_in_a_batch(&*storage).await
}

/// CUSTOMER-8: with a `Once` the obligations of `Attempt` hold, for outcomes with and
/// without a receipt.
pub async fn customer_8_takes_effect_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_once(&storage, Arc::new(Customers)).await?;
    existing_with_and_without_a_receipt(&*storage).await
}

/// An operation that creates things, each known by a number, in a shop with a ticket of
/// the id 1.
#[async_trait]
trait Operation: Send + Sync {
    /// Creates the thing, or asks for it in a way that is refused. Outcomes are shown by
    /// what the receipt that is kept of them says.
    async fn attempt(
        &self,
        storage: &dyn Storage,
        stage: &Stage,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<Attempt<Vec<u8>>>;

    async fn is_there(&self, storage: &dyn Storage, stage: &Stage, number: i64) -> anyhow::Result<bool>;
}

#[derive(Debug, Clone, Copy)]
enum Thing {
    New(i64),
    Refused(i64),
}

/// What the receipt of an outcome says: everything of it, after bytes that are no text.
fn answer_of(outcome: &impl std::fmt::Debug) -> Vec<u8> {
    let every_byte = 0..=u8::MAX;
    every_byte.chain(format!("{outcome:?}").into_bytes()).collect()
}

fn shown<T: std::fmt::Debug>(attempt: Attempt<T>) -> Attempt<Vec<u8>> {
    match attempt {
        Attempt::Ran(outcome) => Attempt::Ran(answer_of(&outcome)),
        Attempt::Replayed(answer) => Attempt::Replayed(answer),
        Attempt::KeyReused => Attempt::KeyReused,
        Attempt::InProgress => Attempt::InProgress,
    }
}

struct Comments;

fn comment_receipt(outcome: &CreateCommentOutcome) -> Option<Receipt> {
    match outcome {
        CreateCommentOutcome::Created(view) => {
            let customer_id = Some(view.customer.id);
            Some(Receipt { answer: answer_of(outcome), customer_id })
        }
        CreateCommentOutcome::TicketNotFound | CreateCommentOutcome::AuthorNotFound => None,
    }
}

#[async_trait]
impl Operation for Comments {
    async fn attempt(
        &self,
        storage: &dyn Storage,
        stage: &Stage,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<Attempt<Vec<u8>>> {
        let ticket = stage.ticket(1)?;
        let comment = match thing {
            Thing::New(number) => {
                NewComment { author_id: Some(stage.user.id), ..new_comment(number, &ticket)? }
            }
            Thing::Refused(number) if number % 2 == 0 => {
                NewComment { author_id: Some(user_id(UserId::MAX)?), ..new_comment(number, &ticket)? }
            }
            Thing::Refused(number) => new_comment(number, &stage.ticket(404)?)?,
        };
        let once = request.map(|(request, requested_at)| Once {
            request,
            requested_at,
            receipt: Arc::new(comment_receipt),
        });
        Ok(shown(attempt_comment(storage, CommentCreation { comment, once }).await?))
    }

    async fn is_there(&self, storage: &dyn Storage, stage: &Stage, number: i64) -> anyhow::Result<bool> {
        let ticket = stage.ticket(1)?;
        let page = storage.list_comments(ticket.shop_id, ticket.id, None, None).await?;
        let page = page.context("the ticket is not found")?;
        Ok(page.entries.iter().any(|view| view.comment.id.get() == number))
    }
}

struct Customers;

/// Of customers that were there the caller wants no receipt.
fn customer_receipt(outcome: &CreateCustomerOutcome) -> Option<Receipt> {
    match outcome {
        CreateCustomerOutcome::Created(customer) => {
            Some(Receipt { answer: answer_of(outcome), customer_id: Some(customer.id) })
        }
        CreateCustomerOutcome::Existing(_) | CreateCustomerOutcome::IdTaken => None,
    }
}

#[async_trait]
impl Operation for Customers {
    async fn attempt(
        &self,
        storage: &dyn Storage,
        stage: &Stage,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<Attempt<Vec<u8>>> {
        let address = |number: i64| format!("customer-{number}@example.com");
        let new = match thing {
            // Half of them with a number of the store's.
            Thing::New(number) => NewCustomer {
                id: if number % 2 == 0 { None } else { Some(customer_id(100_000 + number)?) },
                ..customer_by_email(&address(number))
            },
            Thing::Refused(number) if number % 2 == 0 => {
                NewCustomer { id: Some(stage.customer.id), ..customer_by_email(&address(number)) }
            }
            Thing::Refused(_) => customer_by_email("customer@example.com"),
        };
        let once = request.map(|(request, requested_at)| Once {
            request,
            requested_at,
            receipt: Arc::new(customer_receipt),
        });
        Ok(shown(storage.create_customer(stage.shop.id, new, once).await?))
    }

    async fn is_there(&self, storage: &dyn Storage, stage: &Stage, number: i64) -> anyhow::Result<bool> {
        // Asks for a number that is taken, so that nobody is added.
        let address = format!("customer-{number}@example.com");
        let new = NewCustomer { id: Some(stage.customer.id), ..customer_by_email(&address) };
        match storage.create_customer(stage.shop.id, new, None).await? {
            Attempt::Ran(CreateCustomerOutcome::Existing(_)) => Ok(true),
            Attempt::Ran(CreateCustomerOutcome::IdTaken) => Ok(false),
            other => anyhow::bail!("asking for a taken number was answered {other:?}"),
        }
    }
}

/// A request of the operation `create`.
fn request(key: &str, request: u8) -> anyhow::Result<IdempotencyRequest> {
    let request = claim(key, request, b"")?.request;
    Ok(IdempotencyRequest { operation: "create".to_owned(), ..request })
}

/// An operation on a store, with shops to try it in.
struct Trial<'a> {
    storage: &'a dyn Storage,
    operation: &'a dyn Operation,
}

impl Trial<'_> {
    async fn attempt(
        &self,
        stage: &Stage,
        thing: Thing,
        request: &IdempotencyRequest,
    ) -> anyhow::Result<Attempt<Vec<u8>>> {
        self.operation.attempt(self.storage, stage, thing, Some((request.clone(), at(3)))).await
    }

    /// Runs the first use of a key and answers what its receipt says.
    async fn run(&self, stage: &Stage, number: i64, request: &IdempotencyRequest) -> anyhow::Result<Vec<u8>> {
        let Attempt::Ran(answer) = self.attempt(stage, Thing::New(number), request).await? else {
            anyhow::bail!("the first use of {request:?} did not run");
        };
        self.expect(stage, "the first use of a key", number, true).await?;
        Ok(answer)
    }

    async fn expect(&self, stage: &Stage, what: &str, number: i64, there: bool) -> anyhow::Result<()> {
        let found = self.operation.is_there(self.storage, stage, number).await?;
        same(&format!("whether {what} has an effect"), &found, &there)
    }

    /// Fails unless the request answers this and does nothing.
    async fn expect_idle(
        &self,
        stage: &Stage,
        what: &str,
        number: i64,
        request: &IdempotencyRequest,
        expected: &Attempt<Vec<u8>>,
    ) -> anyhow::Result<()> {
        // In a way that could be refused, too, for the record answers first.
        for thing in [Thing::New(number), Thing::Refused(number), Thing::Refused(number + 1)] {
            same(&format!("{what}, as {thing:?}"), &self.attempt(stage, thing, request).await?, expected)?;
        }
        self.expect(stage, what, number, false).await
    }
}

async fn expect_once(storage: &Arc<dyn Storage>, operation: Arc<dyn Operation>) -> anyhow::Result<()> {
    let mut stages = Vec::new();
    for name in ["one.example.com", "two.example.com"] {
        let stage = Stage::set(&**storage, name).await?;
        create_ticket(&**storage, creation(stage.ticket(1)?)).await?;
        stages.push(stage);
    }
    let trial = Trial { storage: &**storage, operation: &*operation };
    same_request_is_replayed(&trial, &stages[0]).await?;
    other_request_is_refused(&trial, &stages[0]).await?;
    keys_belong_to_shop_and_operation(&trial, &stages).await?;
    refusals_leave_no_record(&trial, &stages[0]).await?;
    without_a_once_nothing_is_recorded(&trial, &stages[0]).await?;
    one_space_with_tickets(&trial, &stages[0]).await?;
    one_space_with_each_other(&trial, &stages[0]).await?;
    one_of_racing_attempts_runs(storage, operation, Arc::new(stages.swap_remove(0))).await
}

async fn same_request_is_replayed(trial: &Trial<'_>, stage: &Stage) -> anyhow::Result<()> {
    // Keys that only look alike are different keys.
    let long = [text_of(255), heavy_text_of(255), heavy_text_of(254) + "x"];
    let alike =
        ["key", "Key", "KEY", "key ", " key", "ke", "k_y", "k%", "kéy", "ke\u{301}y", "1", "01", "'", "\\"];
    let keys: Vec<String> = alike.map(Into::into).into_iter().chain(long).collect();
    let mut answers = Vec::new();
    for (key, number) in keys.iter().zip(1_000..) {
        answers.push(trial.run(stage, number, &request(key, 1)?).await?);
    }
    for ((key, answer), number) in keys.iter().zip(answers).zip(1_000..) {
        let replayed = Attempt::Replayed(answer);
        let request = request(key, 1)?;
        // With a thing of its own, as whoever tries again makes one; and as it was.
        trial.expect_idle(stage, &format!("again {key:?}"), 9_000, &request, &replayed).await?;
        for requested_at in [at(3), Timestamp::MIN, Timestamp::MAX] {
            let again = Some((request.clone(), requested_at));
            let attempt = trial.operation.attempt(trial.storage, stage, Thing::New(number), again).await?;
            same("the same in every detail", &attempt, &replayed)?;
        }
    }
    Ok(())
}

async fn other_request_is_refused(trial: &Trial<'_>, stage: &Stage) -> anyhow::Result<()> {
    let first = request("other request", 1)?;
    let answer = trial.run(stage, 2_000, &first).await?;
    let mut fingerprints =
        vec![request("", 2).map_or(Fingerprint([0; 32]), |other| other.fingerprint), Fingerprint([0; 32])];
    // Each end of the fingerprint counts.
    for place in [0, 31] {
        let mut other = first.fingerprint;
        other.0[place] ^= 1;
        fingerprints.push(other);
    }
    for fingerprint in fingerprints {
        let other = IdempotencyRequest { fingerprint, ..first.clone() };
        trial.expect_idle(stage, "another request", 2_002, &other, &Attempt::KeyReused).await?;
        // The refused request did not take the record over.
        let replayed = Attempt::Replayed(answer.clone());
        trial.expect_idle(stage, "the first request again", 2_002, &first, &replayed).await?;
    }
    Ok(())
}

async fn keys_belong_to_shop_and_operation(trial: &Trial<'_>, stages: &[Stage]) -> anyhow::Result<()> {
    let operations = ["create", "creates", "Create", "", "create_ticket", "creaté"];
    let mut uses = Vec::new();
    for (stage, place) in stages.iter().zip(0..) {
        for (operation, index) in operations.into_iter().zip(0..) {
            // Some with the same and some with another request.
            let request = request("of several", u8::from(index % 2 == 0))?;
            let request = IdempotencyRequest { operation: operation.to_owned(), ..request };
            let answer = trial.run(stage, 3_000 + place * 100 + index, &request).await?;
            uses.push((stage, request, answer));
        }
    }
    for (stage, request, answer) in uses {
        let what = format!("{} of {}", request.operation, stage.shop.domain);
        let replayed = Attempt::Replayed(answer);
        trial.expect_idle(stage, &format!("the second {what}"), 3_900, &request, &replayed).await?;
        let other = IdempotencyRequest { fingerprint: Fingerprint([7; 32]), ..request };
        trial.expect_idle(stage, &format!("another {what}"), 3_900, &other, &Attempt::KeyReused).await?;
    }
    Ok(())
}

async fn refusals_leave_no_record(trial: &Trial<'_>, stage: &Stage) -> anyhow::Result<()> {
    for number in [4_000, 4_001] {
        let key = format!("refused {number}");
        // Refused as often as it is tried.
        for _ in 0..2 {
            let attempt = trial.attempt(stage, Thing::Refused(number), &request(&key, 1)?).await?;
            ensure!(matches!(attempt, Attempt::Ran(_)), "a refusal was answered {attempt:?}");
            trial.expect(stage, "a refusal", number, false).await?;
        }
        // Another request, so that a record left behind would show.
        let answer = trial.run(stage, number + 10, &request(&key, 2)?).await?;
        let replayed = Attempt::Replayed(answer);
        trial.expect_idle(stage, "the one that ran", 4_900, &request(&key, 2)?, &replayed).await?;
    }
    Ok(())
}

async fn without_a_once_nothing_is_recorded(trial: &Trial<'_>, stage: &Stage) -> anyhow::Result<()> {
    for number in 5_000..5_004 {
        let attempt = trial.operation.attempt(trial.storage, stage, Thing::New(number), None).await?;
        ensure!(matches!(attempt, Attempt::Ran(_)), "without a key it was answered {attempt:?}");
        trial.expect(stage, "one without a key", number, true).await?;
    }
    Ok(())
}

/// Records of tickets and of the operation are in one space.
async fn one_space_with_tickets(trial: &Trial<'_>, stage: &Stage) -> anyhow::Result<()> {
    let of_ticket = |id: i64, request: IdempotencyRequest| -> anyhow::Result<TicketCreation> {
        let receipt = Receipt { answer: b"ticket".to_vec(), customer_id: None };
        Ok(claimed(stage.ticket(id)?, IdempotencyClaim { request, receipt }))
    };
    let (first, other) = (request("of a ticket", 1)?, request("of a ticket", 2)?);
    let outcome = create_ticket(trial.storage, of_ticket(600, first.clone())?).await?;
    same("a ticket with a key", &outcome, &CreateTicketOutcome::Created)?;
    let replayed = Attempt::Replayed(b"ticket".to_vec());
    trial.expect_idle(stage, "a ticket's request", 6_000, &first, &replayed).await?;
    trial.expect_idle(stage, "a ticket's key", 6_000, &other, &Attempt::KeyReused).await?;

    let (first, other) = (request("for a ticket", 1)?, request("for a ticket", 2)?);
    let answer = trial.run(stage, 6_002, &first).await?;
    for (request, expected) in
        [(first, CreateTicketOutcome::Replayed(answer)), (other, CreateTicketOutcome::KeyReused)]
    {
        let outcome = create_ticket(trial.storage, of_ticket(601, request)?).await?;
        same("a ticket with the operation's key", &outcome, &expected)?;
    }
    Ok(())
}

/// So are those of comments and customers.
async fn one_space_with_each_other(trial: &Trial<'_>, stage: &Stage) -> anyhow::Result<()> {
    let others: [&dyn Operation; 2] = [&Comments, &Customers];
    for (other, number) in others.into_iter().zip([7_000, 7_100]) {
        let key = format!("of another operation {number}");
        let first = request(&key, 1)?;
        let before = Trial { storage: trial.storage, operation: other };
        let answer = before.run(stage, number, &first).await?;
        let replayed = Attempt::Replayed(answer);
        trial.expect_idle(stage, "another operation's request", number + 2, &first, &replayed).await?;
        let reused = request(&key, 2)?;
        trial.expect_idle(stage, "another operation's key", number + 2, &reused, &Attempt::KeyReused).await?;
    }
    Ok(())
}

async fn one_of_racing_attempts_runs(
    storage: &Arc<dyn Storage>,
    operation: Arc<dyn Operation>,
    stage: Arc<Stage>,
) -> anyhow::Result<()> {
    for round in 0..i64::try_from(ROUNDS)? {
        let request = request(&format!("raced for {round}"), 1)?;
        let number = move |racer: i64| 8_000 + round * 100 + racer * 2;
        let attempts = race(RACERS, |racer| {
            let (storage, operation, stage) =
                (Arc::clone(storage), Arc::clone(&operation), Arc::clone(&stage));
            let request = request.clone();
            async move {
                let number = number(i64::try_from(racer)?);
                let request = Some((request, at(3)));
                let attempt = operation.attempt(&*storage, &stage, Thing::New(number), request).await?;
                Ok((number, attempt))
            }
        })
        .await?;
        let mut ran = attempts.iter().filter(|(_, attempt)| matches!(attempt, Attempt::Ran(_)));
        let Some((_, Attempt::Ran(answer))) = ran.next() else {
            anyhow::bail!("none of the racers ran: {attempts:?}");
        };
        let replayed = Attempt::Replayed(answer.clone());
        for (number, attempt) in &attempts {
            let won = *attempt == Attempt::Ran(answer.clone());
            ensure!(
                won || *attempt == replayed || *attempt == Attempt::InProgress,
                "a racer who lost was answered {attempt:?}"
            );
            let found = operation.is_there(&**storage, &stage, *number).await?;
            same("whether a racer had an effect", &found, &won)?;
        }
        same("how many of the racers ran besides the first", &ran.count(), &0)?;
        let again = operation.attempt(&**storage, &stage, Thing::New(8_900), Some((request, at(3)))).await?;
        same("the race is over", &again, &replayed)?;
    }
    Ok(())
}

/// The second of two comments in a batch answers as if it came later.
async fn a_key_twice_in_a_batch(storage: &dyn Storage) -> anyhow::Result<()> {
    let stage = Stage::set(storage, "batch.example.com").await?;
    let ticket = stage.ticket(1)?;
    create_ticket(storage, creation(ticket.clone())).await?;
    let item = |id: i64, key: &str, number: u8, author: bool| -> anyhow::Result<CommentCreation> {
        let author_id = if author { Some(stage.user.id) } else { Some(user_id(UserId::MAX)?) };
        let comment = NewComment { author_id, ..new_comment(id, &ticket)? };
        let (request, receipt) = (request(key, number)?, Arc::new(comment_receipt));
        Ok(CommentCreation { comment, once: Some(Once { request, requested_at: at(3), receipt }) })
    };
    let batch = vec![
        item(19, "a", 1, true)?,
        item(12, "a", 1, true)?,
        item(13, "a", 2, true)?,
        item(14, "b", 2, true)?,
        item(15, "a", 1, false)?,
        // The first use of a key that takes effect counts, not the first item with it.
        item(16, "c", 1, false)?,
        item(17, "c", 2, true)?,
        item(18, "c", 1, false)?,
        item(11, "c", 2, true)?,
        // In every detail the same.
        item(14, "b", 2, true)?,
        comment_creation(new_comment(10, &ticket)?),
    ];
    let attempts = storage.create_comments(batch).await?;
    let ran = |place: usize| attempts.get(place).cloned().map(shown);
    let replayed = |place: usize| match ran(place) {
        Some(Attempt::Ran(answer)) => Some(Attempt::Replayed(answer)),
        _ => None,
    };
    let answers: Vec<_> = attempts.iter().cloned().map(shown).map(Some).collect();
    let refused = Some(Attempt::Ran(answer_of(&CreateCommentOutcome::AuthorNotFound)));
    let expected = vec![
        ran(0),
        replayed(0),
        Some(Attempt::KeyReused),
        ran(3),
        replayed(0),
        refused,
        ran(6),
        Some(Attempt::KeyReused),
        replayed(6),
        replayed(3),
        ran(10),
    ];
    same("a batch that repeats keys", &answers, &expected)?;
    let page = storage.list_comments(ticket.shop_id, ticket.id, None, None).await?;
    let page = page.context("the ticket is not found")?;
    let mut ids: Vec<_> = page.entries.iter().map(|view| view.comment.id.get()).collect();
    ids.sort_unstable();
    same("the comments after it", &ids, &vec![10, 14, 17, 19])
}

/// A customer who was there is an effect if the caller keeps a receipt of it.
async fn existing_with_and_without_a_receipt(storage: &dyn Storage) -> anyhow::Result<()> {
    let stage = Stage::set(storage, "existing.example.com").await?;
    let (shop, there) = (stage.shop.id, &stage.customer);
    let existing = CreateCustomerOutcome::Existing(there.clone());
    let keeping: fn(&CreateCustomerOutcome) -> Option<Receipt> = |outcome| {
        let customer_id = match outcome {
            CreateCustomerOutcome::Created(customer) | CreateCustomerOutcome::Existing(customer) => {
                customer.id
            }
            CreateCustomerOutcome::IdTaken => return None,
        };
        Some(Receipt { answer: answer_of(outcome), customer_id: Some(customer_id) })
    };
    let once = |key: &str, number: u8, receipt: fn(&CreateCustomerOutcome) -> Option<Receipt>| {
        let request = request(key, number)?;
        anyhow::Ok(Some(Once { request, requested_at: at(3), receipt: Arc::new(receipt) }))
    };
    let again = || customer_by_email("CUSTOMER@example.com");
    let new = |name: &str| customer_by_email(&format!("{name}@example.com"));

    let attempt = storage.create_customer(shop, again(), once("kept", 1, keeping)?).await?;
    same("a customer who is there", &attempt, &Attempt::Ran(existing.clone()))?;
    let replayed = Attempt::Replayed(answer_of(&existing));
    for customer in [again(), new("kept")] {
        let attempt = storage.create_customer(shop, customer, once("kept", 1, keeping)?).await?;
        same("the same request again", &attempt, &replayed)?;
    }
    let attempt = storage.create_customer(shop, new("kept"), once("kept", 2, keeping)?).await?;
    same("another request", &attempt, &Attempt::KeyReused)?;

    for _ in 0..2 {
        let attempt = storage.create_customer(shop, again(), once("not kept", 1, customer_receipt)?).await?;
        same("a customer who is there, without a receipt", &attempt, &Attempt::Ran(existing.clone()))?;
    }
    // Nothing was created by the replayed or refused ones, and the key is free.
    for (name, key) in [("kept", "not kept"), ("another", "another")] {
        match storage.create_customer(shop, new(name), once(key, 2, customer_receipt)?).await? {
            Attempt::Ran(CreateCustomerOutcome::Created(_)) => {}
            other => anyhow::bail!("a new customer with a key that is free was answered {other:?}"),
        }
    }
    same("the customer who was there", &storage.find_customer(shop, there.id).await?.as_ref(), &Some(there))
}
