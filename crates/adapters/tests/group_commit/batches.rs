//! What is written together.

use hexdesk_domain::ports::{CreateCommentOutcome, CreateTicketOutcome};
use hexdesk_domain::{CommentStore, IdempotentOutcome, StorageErrorKind, TicketStore};

use crate::scene::{Scene, all_are_created, answers, within_a_minute};

#[tokio::test]
async fn an_item_on_its_own_is_written_at_once() {
    let scene = Scene::new(1).await;
    for id in 1..=3 {
        assert_eq!(scene.create(scene.ticket(0, id)).await, Ok(CreateTicketOutcome::Created));
    }
    assert_eq!(scene.store.batches(), [[1], [2], [3]]);
}

#[tokio::test]
async fn tickets_that_come_during_a_write_are_one_batch() {
    let scene = Scene::holding(1).await;
    let mut calls = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    calls.extend(scene.begin_all(0, 2..=65));
    scene.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(scene.store.batches(), [vec![1], (2..=65).collect()]);
}

#[tokio::test]
async fn a_second_batch_is_written_beside_the_first_once_eight_wait_and_a_third_never() {
    let scene = Scene::holding(1).await;
    let mut calls = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    calls.extend(scene.begin_all(0, 2..=8));
    pass_the_turn().await;
    calls.extend(scene.begin_all(0, 9..=9));
    pass_the_turn().await;
    calls.extend(scene.begin_all(0, 10..=200));
    pass_the_turn().await;
    assert_eq!(scene.store.batches(), [vec![1], (2..=9).collect()]);
    scene.store.allow(usize::MAX);
    all_are_created(calls).await;
}

#[tokio::test]
async fn a_second_batch_is_no_smaller_than_what_is_being_written() {
    let scene = Scene::holding(1).await;
    let mut calls = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    calls.extend(scene.begin_all(0, 2..=21));
    pass_the_turn().await;
    // The first ends: of the next, which are fewer than the twenty that are being written,
    // nothing is begun before these are done.
    calls.extend(scene.begin_all(0, 22..=40));
    scene.store.allow(1);
    all_are_created(calls.drain(..1).collect()).await;
    pass_the_turn().await;
    assert_eq!(scene.store.batch_sizes(), [1, 20]);
    scene.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(scene.store.batch_sizes(), [1, 20, 19]);
}

/// Lets whatever can go on do so.
async fn pass_the_turn() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn comments_that_come_during_a_write_are_one_batch() {
    let scene = Scene::new(1).await;
    assert_eq!(scene.create(scene.ticket(0, 1)).await, Ok(CreateTicketOutcome::Created));
    scene.store.allow(1);
    let mut calls = vec![scene.begin_comment(scene.comment(0, 1, 101))];
    scene.store.has_begun(2).await;
    calls.extend((102..=165).map(|id| scene.begin_comment(scene.comment(0, 1, id))));
    scene.store.allow(usize::MAX);
    for (id, answer) in (101..).zip(answers(calls).await) {
        let Ok(IdempotentOutcome::Ran(CreateCommentOutcome::Created(view))) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(view.comment.id.get(), id);
    }
    assert_eq!(scene.store.batches(), [vec![1], vec![101], (102..=165).collect()]);
    let shop = scene.shops[0].0;
    assert_eq!(scene.group.count_comments(shop, scene.ticket(0, 1).ticket.id).await.unwrap(), Some(65));
}

#[tokio::test]
async fn tickets_do_not_wait_for_comments() {
    let scene = Scene::new(1).await;
    assert_eq!(scene.create(scene.ticket(0, 1)).await, Ok(CreateTicketOutcome::Created));
    scene.store.allow(1);
    let comment = scene.begin_comment(scene.comment(0, 1, 101));
    scene.store.has_begun(2).await;
    let ticket = scene.begin(scene.ticket(0, 2));
    scene.store.has_begun(3).await;
    scene.store.allow(usize::MAX);
    assert!(matches!(
        within_a_minute(comment).await,
        Ok(IdempotentOutcome::Ran(CreateCommentOutcome::Created(_)))
    ));
    all_are_created(vec![ticket]).await;
}

#[tokio::test]
async fn a_batch_has_at_most_128_items() {
    let scene = Scene::holding(1).await;
    let mut calls = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    calls.extend(scene.begin_all(0, 2..=300));
    scene.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(scene.store.batch_sizes(), [1, 128, 128, 43]);
}

#[tokio::test]
async fn a_batch_has_at_most_4_mib_of_text() {
    let scene = Scene::holding(1).await;
    let mut calls = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    for (id, mib) in (2..).zip([1, 1, 1, 1, 1, 5, 1]) {
        calls.push(scene.begin(scene.ticket_of_bytes(0, id, mib * 1024 * 1024)));
    }
    scene.store.allow(usize::MAX);
    all_are_created(calls).await;
    // What is too large for any batch is one of its own.
    assert_eq!(scene.store.batches(), [vec![1], vec![2, 3, 4, 5], vec![6], vec![7], vec![8]]);
}

#[tokio::test]
async fn receipts_and_comments_count_as_text() {
    let scene = Scene::new(1).await;
    assert_eq!(scene.create(scene.ticket(0, 1)).await, Ok(CreateTicketOutcome::Created));
    scene.store.allow(1);
    let mut comments = vec![scene.begin_comment(scene.comment(0, 1, 101))];
    let mut tickets = scene.begin_all(0, 2..=2);
    scene.store.has_begun(3).await;
    for id in 3..=5 {
        let mut item = scene.claimed(0, id, &format!("key {id}"));
        item.idempotency.as_mut().unwrap().receipt.answer = vec![b'a'; 2 * 1024 * 1024 - 4];
        tickets.push(scene.begin(item));
        let mut item = scene.comment(0, 1, 100 + id);
        item.comment.text = "a".repeat(1024 * 1024);
        item.comment.attachments = Some("b".repeat(1024 * 1024));
        comments.push(scene.begin_comment(item));
    }
    scene.store.allow(usize::MAX);
    all_are_created(tickets).await;
    assert!(answers(comments).await.iter().all(Result::is_ok));
    let batches = scene.store.batches();
    for expected in [vec![3, 4], vec![5], vec![103, 104], vec![105]] {
        assert!(batches.contains(&expected), "{batches:?}");
    }
}

#[tokio::test]
async fn several_items_of_one_call_go_to_the_store_as_they_are() {
    let scene = Scene::holding(1).await;
    let held = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    let group = scene.group.clone();
    let items = vec![scene.ticket(0, 2), scene.ticket(0, 3)];
    let several = tokio::spawn(async move { group.create_tickets(items).await });
    scene.store.has_begun(2).await;
    scene.store.allow(usize::MAX);
    assert_eq!(within_a_minute(several).await.unwrap().unwrap(), [const { CreateTicketOutcome::Created }; 2]);
    all_are_created(held).await;
    assert_eq!(scene.store.batches(), [vec![1], vec![2, 3]]);
    // As one, also where one of them cannot be written.
    let failed = scene.group.create_tickets(vec![scene.ticket(0, 4), scene.ticket(0, 3)]).await;
    assert_eq!(failed.unwrap_err().kind, StorageErrorKind::Unexpected);
    assert!(!scene.is_there(0, 4).await);
    assert_eq!(scene.store.batches().len(), 3);
}

#[tokio::test]
async fn each_caller_is_answered_its_own_outcome() {
    let scene = Scene::holding(2).await;
    let held = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    let mut stranger = scene.ticket(0, 3);
    stranger.ticket.customer_id = hexdesk_domain::CustomerId::new(99).unwrap();
    let calls = vec![
        scene.begin(scene.claimed(0, 2, "key")),
        scene.begin(stranger),
        scene.begin(scene.claimed(1, 4, "key")),
        scene.begin(scene.claimed(0, 5, "key")),
        scene.begin(scene.ticket(0, 6)),
    ];
    scene.store.allow(usize::MAX);
    let expected = [
        CreateTicketOutcome::Created,
        CreateTicketOutcome::CustomerNotFound,
        CreateTicketOutcome::Created,
        CreateTicketOutcome::Replayed(b"2".to_vec()),
        CreateTicketOutcome::Created,
    ];
    assert_eq!(answers(calls).await, expected.map(Ok));
    all_are_created(held).await;
    assert_eq!(scene.store.batch_sizes(), [1, 5]);
}
