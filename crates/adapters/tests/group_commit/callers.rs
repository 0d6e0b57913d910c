//! Callers that go away, and writers that do.

use std::sync::Arc;

use hexdesk_domain::StorageErrorKind::{OutcomeUnknown, Unexpected};
use hexdesk_domain::ports::CreateTicketOutcome;
use tokio::runtime::{Builder, Handle};

use crate::scene::{Scene, all_are_created, answer_at_once, answers, within_a_minute};

#[tokio::test]
async fn a_caller_that_goes_away_before_its_batch_begins_has_nothing_written() {
    let scene = Scene::holding(1).await;
    let mut calls = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    calls.extend(scene.begin_all(0, 2..=4));
    drop(calls.remove(2));
    scene.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(scene.store.batches(), [vec![1], vec![2, 4]]);
    assert!(!scene.is_there(0, 3).await);
}

#[tokio::test]
async fn callers_that_went_away_take_no_places_of_a_batch() {
    let scene = Scene::holding(2).await;
    let mut calls = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    drop(scene.begin_all(0, 2..=900));
    calls.extend(scene.begin_all(1, 1001..=1100));
    scene.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(scene.store.batches(), [vec![1], (1001..=1100).collect()]);
}

#[tokio::test]
async fn a_caller_that_goes_away_during_a_write_does_not_cut_it_short() {
    let scene = Scene::holding(1).await;
    let first = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    let mut calls = scene.begin_all(0, 2..=4);
    scene.store.allow(1);
    scene.store.has_begun(2).await;
    drop(calls.remove(1));
    scene.store.allow(usize::MAX);
    all_are_created(first).await;
    all_are_created(calls).await;
    assert!(scene.is_there(0, 3).await);
}

#[tokio::test]
async fn a_caller_that_goes_away_is_not_tried_on_its_own() {
    let scene = Scene::holding(1).await;
    let mut calls = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    let poison = scene.begin(scene.ticket(0, 1));
    calls.extend(scene.begin_all(0, 2..=3));
    scene.store.allow(1);
    scene.store.has_begun(2).await;
    drop(poison);
    scene.store.allow(usize::MAX);
    all_are_created(calls).await;
    assert_eq!(scene.store.batches(), [vec![1], vec![1, 2, 3], vec![2], vec![3]]);
}

/// As at the end of a server: requests that were taken up are written, though nothing else
/// is left of it but the runtime.
#[tokio::test]
async fn what_callers_wait_for_is_written_though_the_server_lets_go_of_it() {
    let mut scene = Scene::holding(1).await;
    let mut calls = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    calls.extend(scene.begin_all(0, 2..=300));
    let group = Arc::downgrade(&scene.group);
    let calls: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    scene.group = Scene::new(0).await.group;
    scene.store.allow(usize::MAX);
    for call in calls {
        assert_eq!(within_a_minute(call).await.unwrap().unwrap(), CreateTicketOutcome::Created);
    }
    assert!(group.upgrade().is_none());
    assert!(scene.is_there(0, 300).await);
}

#[tokio::test]
async fn a_writer_that_ends_leaves_nobody_waiting() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let scene = Scene::writing_on(runtime.handle().clone(), 1).await;
    scene.store.allow(0);
    let mut calls = scene.begin_all(0, 1..=1);
    scene.store.has_begun(1).await;
    calls.extend(scene.begin_all(0, 2..=3));
    runtime.shutdown_background();
    let kinds: Vec<_> = answers(calls).await.into_iter().map(Result::unwrap_err).collect();
    assert_eq!(kinds, [OutcomeUnknown, Unexpected, Unexpected]);
    let mut late = scene.call(scene.ticket(0, 4));
    assert_eq!(answer_at_once(&mut late), Some(Err(Unexpected)));
}

/// Two runtimes, as in the server, where callers and the writer have threads of their own.
#[test]
fn callers_and_writer_need_not_share_a_runtime() {
    let writer = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let callers = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let scene = callers.block_on(Scene::writing_on(writer.handle().clone(), 4));
    callers.block_on(async {
        let items = (0..4).flat_map(|shop| (1..=200).map(move |id| (shop, id)));
        let calls = items.map(|(shop, id)| scene.call(scene.ticket(shop, id)));
        for call in calls.map(|call| Handle::current().spawn(call)).collect::<Vec<_>>() {
            assert_eq!(within_a_minute(call).await.unwrap().unwrap(), CreateTicketOutcome::Created);
        }
    });
    assert_eq!(scene.store.batch_sizes().iter().sum::<usize>(), 800);
}
