//! Durability, and the errors of a failing disk.

use hexdesk_domain::ports::CreateTicketOutcome::{Created, Replayed};
use hexdesk_domain::{CommentStore, PageSize, Readiness, StorageErrorKind, TicketStore};

use super::samples::{comment, create_customer, creation, id, is_there};
use super::test_disk::TestDisk;

#[tokio::test]
async fn acknowledged_writes_survive_a_power_cut() {
    let disk = TestDisk::default();
    let storage = disk.open();
    let customer = create_customer(&storage).await;
    for number in 1..=5 {
        let outcomes = storage.create_tickets(vec![creation(&customer, number)]).await.unwrap();
        assert_eq!(outcomes, [Created]);

        let restarted = disk.after_power_cut().open();
        for acknowledged in 1..=number {
            assert!(is_there(&restarted, &customer, acknowledged).await, "ticket {acknowledged} is lost");
        }
        let again = restarted.create_tickets(vec![creation(&customer, number)]).await.unwrap();
        assert_eq!(again, [Replayed(vec![1, 2, 3])]);
    }
}

#[tokio::test]
async fn an_acknowledged_comment_survives_with_its_changes_to_the_ticket() {
    let disk = TestDisk::default();
    let storage = disk.open();
    let customer = create_customer(&storage).await;
    storage.create_tickets(vec![creation(&customer, 1), creation(&customer, 2)]).await.unwrap();
    for number in 1..=3 {
        storage.create_comments(vec![comment(&customer, 1, number)]).await.unwrap();
        let restarted = disk.after_power_cut().open();
        let comments =
            restarted.list_comments(customer.shop_id, id(1), None, PageSize::MAX).await.unwrap().unwrap();
        assert_eq!(comments.entries.len() as i64, number);
        let ticket = restarted.find_ticket(customer.shop_id, id(1)).await.unwrap().unwrap().ticket;
        assert_eq!(ticket.last_message, Some(format!("comment {number}")));
        assert_eq!(ticket.version, 1 + number);
        assert!(is_there(&restarted, &customer, 1).await);
    }
}

#[tokio::test]
async fn a_batch_with_a_duplicate_comment_writes_nothing() {
    let storage = TestDisk::default().open();
    let customer = create_customer(&storage).await;
    storage.create_tickets(vec![creation(&customer, 1)]).await.unwrap();
    storage.create_comments(vec![comment(&customer, 1, 1)]).await.unwrap();
    let before = storage.find_ticket(customer.shop_id, id(1)).await.unwrap();

    let batch = vec![comment(&customer, 1, 2), comment(&customer, 1, 1)];
    let error = storage.create_comments(batch).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unexpected, "{error}");
    assert_eq!(storage.count_comments(customer.shop_id, id(1)).await.unwrap(), Some(1));
    assert_eq!(storage.find_ticket(customer.shop_id, id(1)).await.unwrap(), before);
}

#[tokio::test]
async fn a_failed_commit_has_an_unknown_outcome_and_stops_writing() {
    let disk = TestDisk::default();
    let storage = disk.open();
    let customer = create_customer(&storage).await;
    storage.create_tickets(vec![creation(&customer, 1)]).await.unwrap();

    disk.fail_syncs();
    let batch = vec![creation(&customer, 2), creation(&customer, 3)];
    let error = storage.create_tickets(batch.clone()).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::OutcomeUnknown, "{error}");

    // Every later write fails as `Unavailable`.
    let error = storage.create_tickets(batch.clone()).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unavailable, "{error}");
    let error = storage.check_ready().await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unavailable, "{error}");

    // Wherever the disk stopped, the batch is stored in full or not at all. A retry with the
    // same key stores it once.
    for disk in [disk.after_power_cut(), disk.after_late_power_cut()] {
        let restarted = disk.open();
        restarted.check_ready().await.unwrap();
        assert!(is_there(&restarted, &customer, 1).await);
        let second = is_there(&restarted, &customer, 2).await;
        assert_eq!(is_there(&restarted, &customer, 3).await, second);
        restarted.create_tickets(batch.clone()).await.unwrap();
        assert!(is_there(&restarted, &customer, 2).await);
        assert!(is_there(&restarted, &customer, 3).await);
    }
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_nothing_is_written() {
    let disk = TestDisk::default();
    let storage = disk.open();
    let customer = create_customer(&storage).await;

    disk.fill_up();
    let mut batch: Vec<_> = (1..=100).map(|number| creation(&customer, number)).collect();
    for item in &mut batch {
        item.ticket.last_message = Some("x".repeat(60_000));
    }
    let error = storage.create_tickets(batch).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unavailable, "{error}");
    assert!(!is_there(&storage, &customer, 1).await);
    assert!(!is_there(&disk.after_late_power_cut().open(), &customer, 1).await);
}
