//! What callers are told when the store fails.

use hexdesk_domain::ports::{CreateCommentOutcome, CreateTicketOutcome, TicketUpdate};
use hexdesk_domain::{IdempotentOutcome, StorageErrorKind, TicketChanges, TicketStore};

use crate::scene::{Call, Created, Scene, answers, within_a_minute};
use crate::scripted_store::Trouble;

use StorageErrorKind::{OutcomeUnknown, Unavailable, Unexpected};

const CREATED: Created = Ok(CreateTicketOutcome::Created);

/// A scene in which ticket 1 is being written and tickets 2 to 5 are waiting.
async fn four_are_waiting() -> (Scene, Vec<Call<CreateTicketOutcome>>) {
    let scene = Scene::holding(1).await;
    let mut calls = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    calls.extend(scene.begin_all(0, 2..=5));
    (scene, calls)
}

#[tokio::test]
async fn an_item_that_cannot_be_written_fails_alone() {
    let (scene, mut calls) = four_are_waiting().await;
    // The id of the ticket that is being written.
    calls.insert(3, scene.begin(scene.ticket(0, 1)));
    scene.store.allow(usize::MAX);
    let answers = answers(calls).await;
    assert_eq!(answers, [CREATED, CREATED, CREATED, Err(Unexpected), CREATED, CREATED]);
    assert_eq!(
        scene.store.batches(),
        [vec![1], vec![2, 3, 4, 5, 1], vec![2], vec![3], vec![4], vec![5], vec![1]]
    );
}

#[tokio::test]
async fn a_comment_that_cannot_be_written_fails_alone() {
    let scene = Scene::new(1).await;
    assert_eq!(scene.create(scene.ticket(0, 1)).await, CREATED);
    scene.store.allow(1);
    let mut calls = vec![scene.begin_comment(scene.comment(0, 1, 101))];
    scene.store.has_begun(2).await;
    calls.extend([102, 101, 103].map(|id| scene.begin_comment(scene.comment(0, 1, id))));
    scene.store.allow(usize::MAX);
    let kinds: Vec<_> = answers(calls).await.into_iter().map(Result::err).collect();
    assert_eq!(kinds, [None, None, Some(Unexpected), None]);
}

#[tokio::test]
async fn a_batch_of_one_is_not_tried_again() {
    let scene = Scene::new(1).await;
    scene.store.make_trouble(1, Trouble::Fails(Unexpected));
    let error = within_a_minute(scene.call(scene.ticket(0, 1))).await.unwrap_err();
    assert_eq!((error.kind, error.to_string().as_str()), (Unexpected, "create_tickets: by design"));
    assert_eq!(scene.store.batch_sizes(), [1]);
}

#[tokio::test]
async fn a_store_that_is_not_available_is_not_tried_again() {
    let (scene, calls) = four_are_waiting().await;
    scene.store.make_trouble(2, Trouble::Fails(Unavailable));
    scene.store.allow(usize::MAX);
    assert_eq!(
        answers(calls).await,
        [CREATED, Err(Unavailable), Err(Unavailable), Err(Unavailable), Err(Unavailable)]
    );
    assert_eq!(scene.store.batch_sizes(), [1, 4]);
    assert!(scene.store.lookups().is_empty());
    assert_eq!(scene.create(scene.ticket(0, 6)).await, CREATED);
}

#[tokio::test]
async fn a_store_that_becomes_unavailable_is_not_asked_for_the_rest() {
    let (scene, calls) = four_are_waiting().await;
    scene.store.make_trouble(2, Trouble::Fails(Unexpected));
    scene.store.make_trouble(4, Trouble::Fails(Unavailable));
    scene.store.allow(usize::MAX);
    assert_eq!(
        answers(calls).await,
        [CREATED, CREATED, Err(Unavailable), Err(Unavailable), Err(Unavailable)]
    );
    assert_eq!(scene.store.batches(), [vec![1], vec![2, 3, 4, 5], vec![2], vec![3]]);
}

#[tokio::test]
async fn tickets_of_a_lost_write_that_are_there_are_created() {
    let (scene, calls) = four_are_waiting().await;
    scene.store.make_trouble(2, Trouble::IsLost);
    scene.store.allow(usize::MAX);
    assert_eq!(answers(calls).await, [CREATED; 5]);
    assert_eq!(scene.store.lookups(), [2, 3, 4, 5]);
    assert_eq!(scene.store.batch_sizes(), [1, 4]);
}

#[tokio::test]
async fn of_a_ticket_of_a_lost_write_that_is_not_there_nothing_is_claimed() {
    let (scene, mut calls) = four_are_waiting().await;
    let mut stranger = scene.ticket(0, 6);
    stranger.ticket.customer_id = hexdesk_domain::CustomerId::new(99).unwrap();
    calls.push(scene.begin(stranger));
    scene.store.make_trouble(2, Trouble::IsLost);
    scene.store.allow(usize::MAX);
    assert_eq!(answers(calls).await, [CREATED, CREATED, CREATED, CREATED, CREATED, Err(OutcomeUnknown)]);
}

#[tokio::test]
async fn of_a_ticket_that_looks_different_nothing_is_claimed() {
    let scene = Scene::new(1).await;
    assert_eq!(scene.create(scene.ticket(0, 1)).await, CREATED);
    let changes = TicketChanges { name: Some(Some("Changed".to_owned())), ..TicketChanges::default() };
    let update = TicketUpdate { changes, expected_version: None, stamp: scene.ticket(0, 1).stamp };
    let id = scene.ticket(0, 1).ticket.id;
    scene.group.update_ticket(scene.shops[0].0, id, update, None).await.unwrap();
    scene.store.make_trouble(2, Trouble::Fails(OutcomeUnknown));
    assert_eq!(scene.create(scene.ticket(0, 1)).await, Err(OutcomeUnknown));
}

#[tokio::test]
async fn a_store_that_fails_to_look_up_is_not_asked_for_the_others() {
    let (scene, calls) = four_are_waiting().await;
    scene.store.make_trouble(2, Trouble::IsLost);
    scene.store.fail_lookups_from(2);
    scene.store.allow(usize::MAX);
    let unknown = Err(OutcomeUnknown);
    assert_eq!(answers(calls).await, [CREATED, CREATED, unknown.clone(), unknown.clone(), unknown]);
    assert_eq!(scene.store.lookups(), [2, 3]);
}

#[tokio::test]
async fn of_comments_of_a_lost_write_nothing_is_claimed() {
    let scene = Scene::new(1).await;
    assert_eq!(scene.create(scene.ticket(0, 1)).await, CREATED);
    scene.store.make_trouble(2, Trouble::IsLost);
    let lost = within_a_minute(scene.begin_comment(scene.comment(0, 1, 101))).await;
    assert_eq!(lost.unwrap_err().kind, OutcomeUnknown);
    let next = within_a_minute(scene.begin_comment(scene.comment(0, 1, 102))).await;
    assert!(matches!(next, Ok(IdempotentOutcome::Ran(CreateCommentOutcome::Created(_)))), "{next:?}");
}

#[tokio::test]
async fn outcomes_that_are_too_few_are_nobodys() {
    let (scene, calls) = four_are_waiting().await;
    scene.store.make_trouble(2, Trouble::AnswersTooFew);
    scene.store.fail_lookups_from(1);
    scene.store.allow(usize::MAX);
    let kinds: Vec<_> = answers(calls).await.into_iter().map(Result::err).collect();
    assert_eq!(
        kinds,
        [None, Some(OutcomeUnknown), Some(OutcomeUnknown), Some(OutcomeUnknown), Some(OutcomeUnknown)]
    );
}

#[tokio::test]
async fn what_a_store_that_panicked_has_written_is_not_known() {
    let (scene, calls) = four_are_waiting().await;
    scene.store.make_trouble(1, Trouble::Panics);
    scene.store.allow(usize::MAX);
    assert_eq!(answers(calls).await, [Err(OutcomeUnknown), CREATED, CREATED, CREATED, CREATED]);
    assert_eq!(scene.store.lookups(), [1]);
    scene.store.make_trouble(3, Trouble::Panics);
    assert_eq!(scene.create(scene.ticket(0, 6)).await, Err(OutcomeUnknown));
    assert_eq!(scene.create(scene.ticket(0, 7)).await, CREATED);
}
