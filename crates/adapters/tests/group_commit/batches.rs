//! Batches: items that are written together.

use hexdesk_domain::ports::{CreateCommentOutcome, CreateTicketOutcome};
use hexdesk_domain::{CommentStore, IdempotentOutcome, StorageErrorKind, TicketStore};

use crate::fixture::{Fixture, all_are_created, answers, within_a_minute};

#[tokio::test]
async fn a_single_item_is_written_at_once() {
    let fixture = Fixture::new(1).await;
    for id in 1..=3 {
        assert_eq!(fixture.create(fixture.ticket(0, id)).await, Ok(CreateTicketOutcome::Created));
    }
    assert_eq!(fixture.store.batches(), [[1], [2], [3]]);
}

#[tokio::test]
async fn tickets_that_arrive_during_a_write_are_one_batch() {
    let fixture = Fixture::holding(1).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    calls.extend(fixture.begin_all(0, 2..=65));
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(fixture.store.batches(), [vec![1], (2..=65).collect()]);
}

#[tokio::test]
async fn a_second_batch_begins_once_eight_wait_and_a_third_never() {
    let fixture = Fixture::holding(1).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    calls.extend(fixture.begin_all(0, 2..=8));
    pass_the_turn().await;
    calls.extend(fixture.begin_all(0, 9..=9));
    pass_the_turn().await;
    calls.extend(fixture.begin_all(0, 10..=200));
    pass_the_turn().await;
    assert_eq!(fixture.store.batches(), [vec![1], (2..=9).collect()]);
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
}

#[tokio::test]
async fn a_second_batch_is_at_least_as_large_as_the_running_one() {
    let fixture = Fixture::holding(1).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    calls.extend(fixture.begin_all(0, 2..=21));
    pass_the_turn().await;
    // The first batch ends. The next items are fewer than the twenty that are being written, so no
    // batch begins before those are done.
    calls.extend(fixture.begin_all(0, 22..=40));
    fixture.store.allow(1);
    all_are_created(calls.drain(..1).collect()).await;
    pass_the_turn().await;
    assert_eq!(fixture.store.batch_sizes(), [1, 20]);
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(fixture.store.batch_sizes(), [1, 20, 19]);
}

/// Lets every task that is ready continue.
async fn pass_the_turn() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn comments_that_arrive_during_a_write_are_one_batch() {
    let fixture = Fixture::new(1).await;
    assert_eq!(fixture.create(fixture.ticket(0, 1)).await, Ok(CreateTicketOutcome::Created));
    fixture.store.allow(1);
    let mut calls = vec![fixture.begin_comment(fixture.comment(0, 1, 101))];
    fixture.store.has_begun(2).await;
    calls.extend((102..=165).map(|id| fixture.begin_comment(fixture.comment(0, 1, id))));
    fixture.store.allow(usize::MAX);
    for (id, answer) in (101..).zip(answers(calls).await) {
        let Ok(IdempotentOutcome::Ran(CreateCommentOutcome::Created(view))) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(view.comment.id.get(), id);
    }
    assert_eq!(fixture.store.batches(), [vec![1], vec![101], (102..=165).collect()]);
    let shop = fixture.shops[0].0;
    assert_eq!(fixture.group.count_comments(shop, fixture.ticket(0, 1).ticket.id).await.unwrap(), Some(65));
}

#[tokio::test]
async fn tickets_do_not_wait_for_comments() {
    let fixture = Fixture::new(1).await;
    assert_eq!(fixture.create(fixture.ticket(0, 1)).await, Ok(CreateTicketOutcome::Created));
    fixture.store.allow(1);
    let comment = fixture.begin_comment(fixture.comment(0, 1, 101));
    fixture.store.has_begun(2).await;
    let ticket = fixture.begin(fixture.ticket(0, 2));
    fixture.store.has_begun(3).await;
    fixture.store.allow(usize::MAX);
    assert!(matches!(
        within_a_minute(comment).await,
        Ok(IdempotentOutcome::Ran(CreateCommentOutcome::Created(_)))
    ));
    all_are_created(vec![ticket]).await;
}

#[tokio::test]
async fn a_batch_has_at_most_128_items() {
    let fixture = Fixture::holding(1).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    calls.extend(fixture.begin_all(0, 2..=300));
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(fixture.store.batch_sizes(), [1, 128, 128, 43]);
}

#[tokio::test]
async fn a_batch_has_at_most_4_mib_of_text() {
    let fixture = Fixture::holding(1).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    for (id, mib) in (2..).zip([1, 1, 1, 1, 1, 5, 1]) {
        calls.push(fixture.begin(fixture.ticket_of_bytes(0, id, mib * 1024 * 1024)));
    }
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
    // An item that is too large for any batch is a batch of its own.
    assert_eq!(fixture.store.batches(), [vec![1], vec![2, 3, 4, 5], vec![6], vec![7], vec![8]]);
}

#[tokio::test]
async fn receipts_and_comments_count_as_text() {
    let fixture = Fixture::new(1).await;
    assert_eq!(fixture.create(fixture.ticket(0, 1)).await, Ok(CreateTicketOutcome::Created));
    fixture.store.allow(1);
    let mut comments = vec![fixture.begin_comment(fixture.comment(0, 1, 101))];
    let mut tickets = fixture.begin_all(0, 2..=2);
    fixture.store.has_begun(3).await;
    for id in 3..=5 {
        let mut item = fixture.claimed(0, id, &format!("key {id}"));
        item.idempotency.as_mut().unwrap().receipt.response = vec![b'a'; 2 * 1024 * 1024 - 4];
        tickets.push(fixture.begin(item));
        let mut item = fixture.comment(0, 1, 100 + id);
        item.comment.text = "a".repeat(1024 * 1024);
        item.comment.attachments = Some("b".repeat(1024 * 1024));
        comments.push(fixture.begin_comment(item));
    }
    fixture.store.allow(usize::MAX);
    all_are_created(tickets).await;
    assert!(answers(comments).await.iter().all(Result::is_ok));
    let batches = fixture.store.batches();
    for expected in [vec![3, 4], vec![5], vec![103, 104], vec![105]] {
        assert!(batches.contains(&expected), "{batches:?}");
    }
}

#[tokio::test]
async fn a_call_with_several_items_goes_to_the_store_unchanged() {
    let fixture = Fixture::holding(1).await;
    let held = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    let group = fixture.group.clone();
    let items = vec![fixture.ticket(0, 2), fixture.ticket(0, 3)];
    let several = tokio::spawn(async move { group.create_tickets(items).await });
    fixture.store.has_begun(2).await;
    fixture.store.allow(usize::MAX);
    assert_eq!(within_a_minute(several).await.unwrap().unwrap(), [const { CreateTicketOutcome::Created }; 2]);
    all_are_created(held).await;
    assert_eq!(fixture.store.batches(), [vec![1], vec![2, 3]]);
    // They also fail as one, if one of them cannot be written.
    let failed = fixture.group.create_tickets(vec![fixture.ticket(0, 4), fixture.ticket(0, 3)]).await;
    assert_eq!(failed.unwrap_err().kind, StorageErrorKind::Unexpected);
    assert!(!fixture.is_there(0, 4).await);
    assert_eq!(fixture.store.batches().len(), 3);
}

#[tokio::test]
async fn each_caller_gets_its_own_outcome() {
    let fixture = Fixture::holding(2).await;
    let held = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    let mut stranger = fixture.ticket(0, 3);
    stranger.ticket.customer_id = hexdesk_domain::CustomerId::new(99).unwrap();
    let calls = vec![
        fixture.begin(fixture.claimed(0, 2, "key")),
        fixture.begin(stranger),
        fixture.begin(fixture.claimed(1, 4, "key")),
        fixture.begin(fixture.claimed(0, 5, "key")),
        fixture.begin(fixture.ticket(0, 6)),
    ];
    fixture.store.allow(usize::MAX);
    let expected = [
        CreateTicketOutcome::Created,
        CreateTicketOutcome::CustomerNotFound,
        CreateTicketOutcome::Created,
        CreateTicketOutcome::Replayed(b"2".to_vec()),
        CreateTicketOutcome::Created,
    ];
    assert_eq!(answers(calls).await, expected.map(Ok));
    all_are_created(held).await;
    assert_eq!(fixture.store.batch_sizes(), [1, 5]);
}
