//! Shops take turns, and the shop with the most waiting items loses.

use hexdesk_domain::StorageErrorKind;
use hexdesk_domain::ports::CreateTicketOutcome;

use crate::fixture::{Fixture, all_are_created, answer_at_once, answers};

const FULL: usize = 1024;

#[tokio::test]
async fn a_shops_only_item_is_in_the_next_batch() {
    let fixture = Fixture::holding(2).await;
    let mut flood = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    flood.extend(fixture.begin_all(0, 2..=1000));
    fixture.store.has_begun(2).await;
    let single = fixture.begin(fixture.ticket(1, 5000));
    fixture.store.allow(3);
    // Three writes: the two that were running when it came, and its own. Later writes are held.
    all_are_created(vec![single]).await;
    fixture.store.has_begun(5).await;
    let batches = fixture.store.batches();
    assert_eq!(batches[2].len(), 128);
    assert!(batches[2].contains(&5000) && batches.len() == 5);
    fixture.store.allow(usize::MAX);
    all_are_created(flood).await;
}

#[tokio::test]
async fn shops_take_turns_and_keep_their_own_order() {
    let fixture = Fixture::holding(3).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    calls.extend(fixture.begin_all(0, 2..=4));
    calls.extend(fixture.begin_all(1, 11..=12));
    calls.extend(fixture.begin_all(2, 21..=21));
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(fixture.store.batches(), [vec![1], vec![2, 11, 21, 3, 12, 4]]);
}

#[tokio::test]
async fn more_shops_than_places_in_a_batch_take_turns() {
    let fixture = Fixture::holding(200).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    for shop in 0..200 {
        let first = 1000 + 2 * i64::try_from(shop).unwrap();
        calls.extend(fixture.begin_all(shop, first..first + 2));
    }
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
    let firsts: Vec<i64> = fixture.store.batches().into_iter().flatten().skip(1).take(200).collect();
    assert_eq!(firsts, (0..200).map(|shop| 1000 + 2 * shop).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_item_beyond_the_queue_is_refused_at_once() {
    let fixture = Fixture::holding(1).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    calls.extend(fixture.begin_all(0, (2..).take(FULL)));
    let mut late = fixture.call(fixture.ticket(0, 5000));
    assert_eq!(answer_at_once(&mut late), Some(Err(StorageErrorKind::Unavailable)));
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert!(!fixture.is_there(0, 5000).await);
    // The queue has space again.
    assert_eq!(fixture.create(fixture.ticket(0, 5000)).await, Ok(CreateTicketOutcome::Created));
}

#[tokio::test]
async fn text_beyond_the_queue_is_refused_at_once() {
    let fixture = Fixture::holding(1).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    for id in 2..34 {
        calls.push(fixture.begin(fixture.ticket_of_bytes(0, id, 1024 * 1024)));
    }
    let mut late = fixture.call(fixture.ticket(0, 5000));
    assert_eq!(answer_at_once(&mut late), Some(Err(StorageErrorKind::Unavailable)));
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
}

#[tokio::test]
async fn a_full_queue_drops_items_of_the_shop_with_the_most() {
    let fixture = Fixture::holding(3).await;
    let mut kept = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    let mut flood = fixture.begin_all(0, (2..).take(FULL - 20));
    kept.extend(fixture.begin_all(1, 3001..=3020));
    kept.extend(fixture.begin_all(2, 4001..=4002));
    for lost in flood.split_off(FULL - 22).iter_mut() {
        assert_eq!(answer_at_once(lost), Some(Err(StorageErrorKind::Unavailable)));
    }
    // The shop has more items than the others, so its own item is refused.
    let mut late = fixture.call(fixture.ticket(0, 5000));
    assert_eq!(answer_at_once(&mut late), Some(Err(StorageErrorKind::Unavailable)));
    assert!(flood.iter_mut().all(|call| answer_at_once(call).is_none()));
    fixture.store.allow(usize::MAX);
    all_are_created(kept).await;
    all_are_created(flood).await;
}

#[tokio::test]
async fn a_large_item_replaces_several_items_of_the_shop_with_the_most() {
    let fixture = Fixture::holding(2).await;
    let mut kept = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    let mut flood = fixture.begin_all(0, (2..).take(FULL));
    kept.push(fixture.begin(fixture.ticket_of_bytes(1, 5000, 1024 * 1024)));
    let lost = flood.split_off(FULL - 32);
    assert!(answers(lost).await.iter().all(|answer| *answer == Err(StorageErrorKind::Unavailable)));
    fixture.store.allow(usize::MAX);
    all_are_created(kept).await;
    all_are_created(flood).await;
}

#[tokio::test]
async fn no_shop_loses_an_item_to_a_shop_with_as_many() {
    let fixture = Fixture::holding(1025).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    for shop in 0..1024 {
        calls.push(fixture.begin(fixture.ticket(shop, 1000 + i64::try_from(shop).unwrap())));
    }
    let mut late = fixture.call(fixture.ticket(1024, 5000));
    assert_eq!(answer_at_once(&mut late), Some(Err(StorageErrorKind::Unavailable)));
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
}
