//! Cancelled calls.

use std::sync::Arc;
use std::time::Duration;

use hexdesk_domain::TicketStore;

use super::samples::{create_customer, creation, is_there};
use super::test_disk::TestDisk;

/// Enough time for a command that does not wait to start.
const A_WHILE: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_waiting_command_never_starts() {
    let storage = TestDisk::default().open();
    let customer = create_customer(&storage).await;

    let turn = Arc::clone(&storage.write_turn).lock_owned().await;
    let waiting = storage.create_tickets(vec![creation(&customer, 1)]);
    tokio::time::timeout(A_WHILE, waiting).await.unwrap_err();
    drop(turn);

    // Nothing stays locked.
    storage.create_tickets(vec![creation(&customer, 2)]).await.unwrap();
    assert!(!is_there(&storage, &customer, 1).await);
}

#[tokio::test]
async fn a_running_command_takes_effect_as_a_whole() {
    let disk = TestDisk::default();
    let storage = disk.open();
    let customer = create_customer(&storage).await;

    disk.hold_syncs();
    let begun = storage.create_tickets(vec![creation(&customer, 1), creation(&customer, 2)]);
    tokio::time::timeout(A_WHILE, begun).await.unwrap_err();
    disk.wait_for_held_sync();
    disk.release_syncs();

    // Runs after the command with the dropped future.
    storage.create_tickets(vec![creation(&customer, 3)]).await.unwrap();
    for number in 1..=3 {
        assert!(is_there(&storage, &customer, number).await, "ticket {number}");
    }
}

#[tokio::test]
async fn a_slow_disk_blocks_no_thread_of_the_runtime() {
    let disk = TestDisk::default();
    let storage = disk.open();
    let customer = create_customer(&storage).await;

    // This runtime has one thread. It still runs, and reads, while one command writes to
    // the disk and others wait.
    disk.hold_syncs();
    let commands: Vec<_> = (1..=3)
        .map(|number| {
            let (storage, item) = (storage.clone(), creation(&customer, number));
            tokio::spawn(async move { storage.create_tickets(vec![item]).await })
        })
        .collect();
    tokio::time::sleep(A_WHILE).await;
    disk.wait_for_held_sync();
    assert!(!is_there(&storage, &customer, 1).await);
    disk.release_syncs();
    for command in commands {
        command.await.unwrap().unwrap();
    }
}
