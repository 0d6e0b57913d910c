//! Results for callers when the store fails.

use hexdesk_domain::ports::{CreateCommentOutcome, CreateTicketOutcome, TicketUpdate};
use hexdesk_domain::{IdempotentOutcome, StorageErrorKind, TicketChanges, TicketStore};

use crate::fixture::{Call, Created, Fixture, answers, within_a_minute};
use crate::scripted_store::Trouble;

use StorageErrorKind::{OutcomeUnknown, Unavailable, Unexpected};

const CREATED: Created = Ok(CreateTicketOutcome::Created);

/// Creates a fixture in which ticket 1 is being written and tickets 2 to 5 wait.
async fn four_are_waiting() -> (Fixture, Vec<Call<CreateTicketOutcome>>) {
    let fixture = Fixture::holding(1).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    calls.extend(fixture.begin_all(0, 2..=5));
    (fixture, calls)
}

#[tokio::test]
async fn an_item_that_cannot_be_written_fails_alone() {
    let (fixture, mut calls) = four_are_waiting().await;
    // The id of the ticket that is being written.
    calls.insert(3, fixture.begin(fixture.ticket(0, 1)));
    fixture.store.allow(usize::MAX);
    let answers = answers(calls).await;
    assert_eq!(answers, [CREATED, CREATED, CREATED, Err(Unexpected), CREATED, CREATED]);
    assert_eq!(
        fixture.store.batches(),
        [vec![1], vec![2, 3, 4, 5, 1], vec![2], vec![3], vec![4], vec![5], vec![1]]
    );
}

#[tokio::test]
async fn a_comment_that_cannot_be_written_fails_alone() {
    let fixture = Fixture::new(1).await;
    assert_eq!(fixture.create(fixture.ticket(0, 1)).await, CREATED);
    fixture.store.allow(1);
    let mut calls = vec![fixture.begin_comment(fixture.comment(0, 1, 101))];
    fixture.store.has_begun(2).await;
    calls.extend([102, 101, 103].map(|id| fixture.begin_comment(fixture.comment(0, 1, id))));
    fixture.store.allow(usize::MAX);
    let kinds: Vec<_> = answers(calls).await.into_iter().map(Result::err).collect();
    assert_eq!(kinds, [None, None, Some(Unexpected), None]);
}

#[tokio::test]
async fn a_batch_of_one_is_not_retried() {
    let fixture = Fixture::new(1).await;
    fixture.store.make_trouble(1, Trouble::Fails(Unexpected));
    let error = within_a_minute(fixture.call(fixture.ticket(0, 1))).await.unwrap_err();
    assert_eq!((error.kind, error.to_string().as_str()), (Unexpected, "create_tickets: by design"));
    assert_eq!(fixture.store.batch_sizes(), [1]);
}

#[tokio::test]
async fn a_batch_is_not_retried_on_an_unavailable_store() {
    let (fixture, calls) = four_are_waiting().await;
    fixture.store.make_trouble(2, Trouble::Fails(Unavailable));
    fixture.store.allow(usize::MAX);
    assert_eq!(
        answers(calls).await,
        [CREATED, Err(Unavailable), Err(Unavailable), Err(Unavailable), Err(Unavailable)]
    );
    assert_eq!(fixture.store.batch_sizes(), [1, 4]);
    assert!(fixture.store.lookups().is_empty());
    assert_eq!(fixture.create(fixture.ticket(0, 6)).await, CREATED);
}

#[tokio::test]
async fn retries_stop_when_the_store_becomes_unavailable() {
    let (fixture, calls) = four_are_waiting().await;
    fixture.store.make_trouble(2, Trouble::Fails(Unexpected));
    fixture.store.make_trouble(4, Trouble::Fails(Unavailable));
    fixture.store.allow(usize::MAX);
    assert_eq!(
        answers(calls).await,
        [CREATED, CREATED, Err(Unavailable), Err(Unavailable), Err(Unavailable)]
    );
    assert_eq!(fixture.store.batches(), [vec![1], vec![2, 3, 4, 5], vec![2], vec![3]]);
}

#[tokio::test]
async fn existing_tickets_of_a_lost_write_are_created() {
    let (fixture, calls) = four_are_waiting().await;
    fixture.store.make_trouble(2, Trouble::IsLost);
    fixture.store.allow(usize::MAX);
    assert_eq!(answers(calls).await, [CREATED; 5]);
    assert_eq!(fixture.store.lookups(), [2, 3, 4, 5]);
    assert_eq!(fixture.store.batch_sizes(), [1, 4]);
}

#[tokio::test]
async fn a_missing_ticket_of_a_lost_write_is_unknown() {
    let (fixture, mut calls) = four_are_waiting().await;
    let mut stranger = fixture.ticket(0, 6);
    stranger.ticket.customer_id = hexdesk_domain::CustomerId::new(99).unwrap();
    calls.push(fixture.begin(stranger));
    fixture.store.make_trouble(2, Trouble::IsLost);
    fixture.store.allow(usize::MAX);
    assert_eq!(answers(calls).await, [CREATED, CREATED, CREATED, CREATED, CREATED, Err(OutcomeUnknown)]);
}

#[tokio::test]
async fn a_changed_ticket_of_a_lost_write_is_unknown() {
    let fixture = Fixture::new(1).await;
    assert_eq!(fixture.create(fixture.ticket(0, 1)).await, CREATED);
    let changes = TicketChanges { name: Some(Some("Changed".to_owned())), ..TicketChanges::default() };
    let update = TicketUpdate { changes, expected_version: None, stamp: fixture.ticket(0, 1).stamp };
    let id = fixture.ticket(0, 1).ticket.id;
    fixture.group.update_ticket(fixture.shops[0].0, id, update, None).await.unwrap();
    fixture.store.make_trouble(2, Trouble::Fails(OutcomeUnknown));
    assert_eq!(fixture.create(fixture.ticket(0, 1)).await, Err(OutcomeUnknown));
}

#[tokio::test]
async fn lookups_stop_after_a_failed_lookup() {
    let (fixture, calls) = four_are_waiting().await;
    fixture.store.make_trouble(2, Trouble::IsLost);
    fixture.store.fail_lookups_from(2);
    fixture.store.allow(usize::MAX);
    let unknown = Err(OutcomeUnknown);
    assert_eq!(answers(calls).await, [CREATED, CREATED, unknown.clone(), unknown.clone(), unknown]);
    assert_eq!(fixture.store.lookups(), [2, 3]);
}

#[tokio::test]
async fn comments_of_a_lost_write_are_unknown() {
    let fixture = Fixture::new(1).await;
    assert_eq!(fixture.create(fixture.ticket(0, 1)).await, CREATED);
    fixture.store.make_trouble(2, Trouble::IsLost);
    let lost = within_a_minute(fixture.begin_comment(fixture.comment(0, 1, 101))).await;
    assert_eq!(lost.unwrap_err().kind, OutcomeUnknown);
    let next = within_a_minute(fixture.begin_comment(fixture.comment(0, 1, 102))).await;
    assert!(matches!(next, Ok(IdempotentOutcome::Ran(CreateCommentOutcome::Created(_)))), "{next:?}");
}

#[tokio::test]
async fn too_few_outcomes_are_unknown() {
    let (fixture, calls) = four_are_waiting().await;
    fixture.store.make_trouble(2, Trouble::AnswersTooFew);
    fixture.store.fail_lookups_from(1);
    fixture.store.allow(usize::MAX);
    let kinds: Vec<_> = answers(calls).await.into_iter().map(Result::err).collect();
    assert_eq!(
        kinds,
        [None, Some(OutcomeUnknown), Some(OutcomeUnknown), Some(OutcomeUnknown), Some(OutcomeUnknown)]
    );
}

#[tokio::test]
async fn a_panicking_store_leaves_the_outcome_unknown() {
    let (fixture, calls) = four_are_waiting().await;
    fixture.store.make_trouble(1, Trouble::Panics);
    fixture.store.allow(usize::MAX);
    assert_eq!(answers(calls).await, [Err(OutcomeUnknown), CREATED, CREATED, CREATED, CREATED]);
    assert_eq!(fixture.store.lookups(), [1]);
    fixture.store.make_trouble(3, Trouble::Panics);
    assert_eq!(fixture.create(fixture.ticket(0, 6)).await, Err(OutcomeUnknown));
    assert_eq!(fixture.create(fixture.ticket(0, 7)).await, CREATED);
}

/// Three tickets of a shop.
fn ids(shop: usize) -> std::ops::RangeInclusive<i64> {
    let first = i64::try_from(shop).unwrap() * 10 + 1;
    first..=first + 2
}

#[tokio::test]
async fn a_shop_that_is_away_fails_alone() {
    let fixture = Fixture::of_one_shop(3).await;
    let mut calls = Vec::new();
    for shop in 0..3 {
        calls.extend(fixture.begin_all(shop, ids(shop)));
        fixture.store.has_begun(shop + 1).await;
    }
    fixture.store.make_trouble(2, Trouble::Fails(Unavailable));
    fixture.store.allow(usize::MAX);
    let answers = answers(calls).await;
    let batches = fixture.store.batches();
    for batch in &batches {
        assert_eq!(
            batch.iter().map(|id| id / 10).collect::<std::collections::BTreeSet<_>>().len(),
            1,
            "{batches:?}"
        );
    }
    for (index, answer) in answers.iter().enumerate() {
        let id = ids(index / 3).nth(index % 3).unwrap();
        let failed = batches[1].contains(&id);
        assert_eq!(*answer, if failed { Err(Unavailable) } else { CREATED }, "{id} of {batches:?}");
    }
}

#[tokio::test]
async fn a_shop_has_one_batch_at_a_time() {
    let fixture = Fixture::of_one_shop(6).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    calls.extend(fixture.begin_all(0, 2..=9));
    for shop in 1..6 {
        calls.extend(fixture.begin_all(shop, ids(shop).take(1)));
    }
    // Four batches are written at the same time, each of another shop.
    fixture.store.has_begun(4).await;
    assert_eq!(fixture.store.batches(), [vec![1], vec![11], vec![21], vec![31]]);
    fixture.store.allow(1);
    fixture.store.has_begun(5).await;
    assert_eq!(fixture.store.batches()[4].len(), 8, "the first shop came first");
    fixture.store.allow(usize::MAX);
    crate::fixture::all_are_created(calls).await;
}
