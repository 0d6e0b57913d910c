//! The log of events, and removals from it.

use hexdesk_domain::ports::DeleteTicketOutcome;
use hexdesk_domain::{
    Actor, AuditStamp, CustomerId, CustomerStore, EventPosition, EventStore, PageSize, RetentionStore,
    TicketId, TicketStore, Timestamp,
};

use super::{KEPT, Recorded, assert_follows, shop, statements, time};

/// 20,000 events of each of two shops, with 200 customers; and 20,000 idempotency records. One is
/// written each minute.
const LOG: &str = "
    INSERT INTO events (shop_id, change, part, kind, subject_id, time, customer_id, snapshot)
        SELECT number % 2 + 1, number, 1, 'ticket.deleted', number, timestamptz '2026-01-01Z' + number * interval '1 min',
            number % 200 + 1, '{}'
        FROM generate_series(1, 40000) AS number;
    INSERT INTO idempotency_records (shop_id, operation, idempotency_key, fingerprint, receipt, created_at)
        SELECT 1, 'create', number, '', '', timestamptz '2026-01-01Z' + number * interval '1 min'
        FROM generate_series(1, 20000) AS number;
    ANALYZE";

/// The time this many minutes after the beginning of 2026.
fn minute(number: i64) -> Timestamp {
    let begins = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    Timestamp::from_unix_millis(begins.unix_millis() + number * 60_000).unwrap()
}

fn stamp() -> AuditStamp {
    AuditStamp { actor: Actor::Operator, time: time(), request_id: None }
}

async fn recorded() -> Recorded {
    let recorded = Recorded::new().await;
    recorded.database.psql(LOG);
    recorded
}

#[tokio::test]
async fn a_shops_log_is_listed_along_its_key() {
    let recorded = recorded().await;
    // As of erased customers.
    recorded.database.psql("UPDATE events SET snapshot = NULL");
    let last = recorded.database.psql("SELECT max(change) FROM events WHERE shop_id = 1").parse().unwrap();
    let end = EventPosition { change: last, part: 1 };
    let within = EventPosition { change: 1, part: 2 };
    for (after, kept) in [(None, 1), (Some(within), 1), (Some(end), 0)] {
        KEPT.take();
        let list = recorded.storage.list_events(shop(), Default::default(), after, PageSize::of(50));
        let statements = statements(list).await;
        let plan = recorded.explain("", &statements[0]);
        assert_follows(&plan, "events_pkey", &["shop_id =", "ROW(change, part) >"]);
        assert!(!plan.contains("Seq Scan on events"), "{plan}");
        // The first page and later pages are the same statement. Later ones also read the beginning.
        assert_eq!(statements.len(), if after.is_some() { 2 } else { 1 });
        for beginning in &statements[1..] {
            assert_follows(&recorded.explain("", beginning), "log_beginnings_pkey", &["shop_id ="]);
        }
        assert_eq!(KEPT.take().len(), kept);
    }
}

#[tokio::test]
async fn old_events_are_found_along_the_key() {
    let recorded = recorded().await;
    let removed = recorded.storage.remove_events(shop(), minute(2_001), 100);
    let statements = statements(removed).await;
    // One read; the beginning and end of the transaction, a read that locks, the removal, and the
    // beginning of the log.
    assert_eq!(statements.len(), 6, "{statements:#?}");
    for look in [&statements[0], &statements[2]] {
        assert_follows(&recorded.explain("", look), "events_pkey", &["shop_id ="]);
    }
    let removal = recorded.explain("", &statements[3]);
    assert!(removal.contains("events_pkey") && !removal.contains("Seq Scan on events"), "{removal}");
    assert_eq!(recorded.database.psql("SELECT count(*) FROM events WHERE shop_id = 1"), "19900");

    // Nothing is old: one read.
    let none = recorded.storage.remove_events(shop(), minute(0), 100);
    assert_eq!(super::statements(none).await.len(), 1);
}

#[tokio::test]
async fn old_idempotency_records_are_found_by_their_age() {
    let recorded = recorded().await;
    let removal = recorded.storage.remove_idempotency_records(minute(101), 30);
    let plan = recorded.plan_of("(timestamptz, int8)", removal).await;
    assert!(plan.contains("using idempotency_records_by_age on"), "{plan}");
    assert!(plan.contains("using idempotency_records_pkey on"), "{plan}");
    assert!(!plan.contains("Seq Scan") && !plan.contains("Sort"), "{plan}");
    let oldest =
        "SELECT count(*), min(created_at) = timestamptz '2026-01-01T00:31Z' FROM idempotency_records";
    assert_eq!(recorded.database.psql(oldest), "19970|t");
}

#[tokio::test]
async fn an_erasure_takes_few_statements_and_finds_events_by_customer() {
    let recorded = recorded().await;
    recorded.database.psql("DELETE FROM comments");
    let erased = recorded.storage.erase_customer(shop(), CustomerId::new(7).unwrap(), stamp());
    let statements = statements(erased).await;
    // The beginning and end of the transaction; the locks of the customer and its tickets;
    // the deletions of comments, tickets, merged customers, records and the customer; the lock and
    // removal of the snapshots; the events.
    assert_eq!(statements.len(), 12, "{statements:#?}");
    for by_customer in &statements[8..10] {
        let plan = recorded.explain("", by_customer);
        assert!(plan.contains("events_by_customer"), "{plan}");
        assert!(!plan.contains("Seq Scan on events"), "{plan}");
    }
    let snapshots = "SELECT count(*) FROM events WHERE customer_id = 7 AND shop_id = 1";
    assert_eq!(recorded.database.psql(snapshots), "0");
}

#[tokio::test]
async fn a_deletion_takes_six_statements_for_any_number_of_comments() {
    let recorded = Recorded::new().await;
    let ticket = TicketId::new(7).unwrap();
    let deletion = async {
        let deleted = recorded.storage.delete_ticket(shop(), ticket, None, stamp()).await.unwrap();
        assert_eq!(deleted, DeleteTicketOutcome::Deleted);
    };
    let statements = statements(deletion).await;
    // The beginning and end of the transaction; a read; the deletions of comments and ticket; the
    // events.
    assert_eq!(statements.len(), 6, "{statements:#?}");
    let comments = recorded.explain("", &statements[2]);
    assert!(
        comments.contains("comments_by_ticket") && !comments.contains("Seq Scan on comments"),
        "{comments}"
    );
    let events = "SELECT kind, count(*) FROM events GROUP BY kind ORDER BY kind";
    assert_eq!(recorded.database.psql(events), "comment.deleted|20\nticket.deleted|1");
}
