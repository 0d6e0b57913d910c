//! Callers and writers that end early.

use std::sync::Arc;

use hexdesk_domain::StorageErrorKind::{OutcomeUnknown, Unexpected};
use hexdesk_domain::ports::CreateTicketOutcome;
use tokio::runtime::{Builder, Handle};

use crate::fixture::{Fixture, all_are_created, answer_at_once, answers, within_a_minute};

#[tokio::test]
async fn a_caller_dropped_before_its_batch_writes_nothing() {
    let fixture = Fixture::holding(1).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    calls.extend(fixture.begin_all(0, 2..=4));
    drop(calls.remove(2));
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(fixture.store.batches(), [vec![1], vec![2, 4]]);
    assert!(!fixture.is_there(0, 3).await);
}

#[tokio::test]
async fn dropped_callers_take_no_places_in_a_batch() {
    let fixture = Fixture::holding(2).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    drop(fixture.begin_all(0, 2..=900));
    calls.extend(fixture.begin_all(1, 1001..=1100));
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(fixture.store.batches(), [vec![1], (1001..=1100).collect()]);
}

#[tokio::test]
async fn a_caller_dropped_during_a_write_does_not_stop_it() {
    let fixture = Fixture::holding(1).await;
    let first = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    let mut calls = fixture.begin_all(0, 2..=4);
    fixture.store.allow(1);
    fixture.store.has_begun(2).await;
    drop(calls.remove(1));
    fixture.store.allow(usize::MAX);
    all_are_created(first).await;
    all_are_created(calls).await;
    assert!(fixture.is_there(0, 3).await);
}

#[tokio::test]
async fn the_item_of_a_dropped_caller_is_not_retried() {
    let fixture = Fixture::holding(1).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    let poison = fixture.begin(fixture.ticket(0, 1));
    calls.extend(fixture.begin_all(0, 2..=3));
    fixture.store.allow(1);
    fixture.store.has_begun(2).await;
    drop(poison);
    fixture.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(fixture.store.batches(), [vec![1], vec![1, 2, 3], vec![2], vec![3]]);
}

/// As at the end of a server: accepted requests are written, although only the runtime is left.
#[tokio::test]
async fn pending_items_are_written_after_the_server_drops_the_group() {
    let mut fixture = Fixture::holding(1).await;
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    calls.extend(fixture.begin_all(0, 2..=300));
    let group = Arc::downgrade(&fixture.group);
    let calls: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    fixture.group = Fixture::new(0).await.group;
    fixture.store.allow(usize::MAX);
    for call in calls {
        assert_eq!(within_a_minute(call).await.unwrap().unwrap(), CreateTicketOutcome::Created);
    }
    assert!(group.upgrade().is_none());
    assert!(fixture.is_there(0, 300).await);
}

#[tokio::test]
async fn no_caller_waits_after_the_writer_ends() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let fixture = Fixture::writing_on(runtime.handle().clone(), 1).await;
    fixture.store.allow(0);
    let mut calls = fixture.begin_all(0, 1..=1);
    fixture.store.has_begun(1).await;
    calls.extend(fixture.begin_all(0, 2..=3));
    runtime.shutdown_background();
    let kinds: Vec<_> = answers(calls).await.into_iter().map(Result::unwrap_err).collect();
    assert_eq!(kinds, [OutcomeUnknown, Unexpected, Unexpected]);
    let mut late = fixture.call(fixture.ticket(0, 4));
    assert_eq!(answer_at_once(&mut late), Some(Err(Unexpected)));
}

/// Two runtimes, as in the server, which runs callers and the writer on separate threads.
#[test]
fn callers_and_writer_can_use_different_runtimes() {
    let writer = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let callers = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let fixture = callers.block_on(Fixture::writing_on(writer.handle().clone(), 4));
    callers.block_on(async {
        let items = (0..4).flat_map(|shop| (1..=200).map(move |id| (shop, id)));
        let calls = items.map(|(shop, id)| fixture.call(fixture.ticket(shop, id)));
        for call in calls.map(|call| Handle::current().spawn(call)).collect::<Vec<_>>() {
            assert_eq!(within_a_minute(call).await.unwrap().unwrap(), CreateTicketOutcome::Created);
        }
    });
    assert_eq!(fixture.store.batch_sizes().iter().sum::<usize>(), 800);
}
