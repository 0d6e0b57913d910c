//! Operations, while their caller, their connection, their server or another client interferes.

mod archives;
mod claims;
mod comments;
mod customers;
mod erased_events;
mod erasure;
mod event_order;
mod fixture;
mod restored_database;
mod retention;
mod ticket_changes;
mod users;

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::{Duration, Instant};

use fixture::{Fixture, begin, client, domain, kind, now, stamp};
use hexdesk_adapters::PostgresStorage;
use hexdesk_domain::ports::{
    CommentCreation, CreateCustomerOutcome, CreateKeyOutcome, CreateShopOutcome, CreateTicketOutcome,
};
use hexdesk_domain::{
    ApiKeyStore, CommentStore, CustomerDraft, CustomerId, CustomerStore, HumanTicketId, IdRangeStore,
    IdempotentOutcome, NewApiKey, NewCustomer, SecretHash, ShopDomain, ShopStore, StorageErrorKind, TicketId,
    TicketStore, UserDraft, UserStore,
};
use hexdesk_test_postgres::Cluster;

#[tokio::test]
async fn a_write_completes_after_its_caller_is_dropped() {
    let fixture = Fixture::new().await;
    fixture.other_does("BEGIN; LOCK TABLE tickets IN EXCLUSIVE MODE").await;
    {
        let mut create = pin!(fixture.create(vec![fixture.item(1, Some("key"))]));
        begin(create.as_mut()).await;
        fixture.is_blocked().await;
    }
    fixture.other_does("COMMIT").await;
    // The pool's only connection is free again when the abandoned write has ended.
    assert!(fixture.is_there(1).await);
    fixture.sessions(1, "state = 'idle'").await;
    let again = fixture.create(vec![fixture.item(2, Some("key"))]).await.unwrap();
    assert_eq!(again, [CreateTicketOutcome::Replayed(b"receipt".to_vec())]);
}

#[tokio::test]
async fn a_transaction_completes_after_its_caller_is_dropped() {
    let fixture = Fixture::new().await;
    fixture.other_does("BEGIN; LOCK TABLE id_ranges IN EXCLUSIVE MODE").await;
    {
        let mut reserve = pin!(fixture.storage.reserve_id_range(now(), 1_000, None));
        begin(reserve.as_mut()).await;
        fixture.is_blocked().await;
    }
    fixture.other_does("COMMIT").await;
    assert!(!fixture.is_there(1).await);
    assert_eq!(fixture.count("SELECT count(*) FROM id_ranges").await, 1);
    fixture.sessions(1, "state = 'idle'").await;
}

#[tokio::test]
async fn a_connection_lost_in_a_write_leaves_the_outcome_unknown() {
    let fixture = Fixture::new().await;
    fixture.other_does("BEGIN; LOCK TABLE tickets, id_ranges IN EXCLUSIVE MODE").await;
    let (created, ()) = tokio::join!(fixture.create(vec![fixture.item(1, None)]), async {
        fixture.is_blocked().await;
        fixture.end_sessions().await;
    });
    assert_eq!(kind(created), StorageErrorKind::OutcomeUnknown);
    let (reserved, ()) = tokio::join!(fixture.storage.reserve_id_range(now(), 1_000, None), async {
        fixture.is_blocked().await;
        fixture.end_sessions().await;
    });
    assert_eq!(kind(reserved), StorageErrorKind::OutcomeUnknown);
    fixture.other_does("COMMIT").await;
    assert!(!fixture.is_there(1).await);
}

#[tokio::test]
async fn a_connection_lost_in_a_read_is_unavailable() {
    let fixture = Fixture::new().await;
    fixture.other_does("BEGIN; LOCK TABLE tickets IN ACCESS EXCLUSIVE MODE").await;
    let (found, ()) =
        tokio::join!(fixture.storage.find_ticket(fixture.shop, TicketId::new(1).unwrap()), async {
            fixture.is_blocked().await;
            fixture.end_sessions().await;
        });
    assert_eq!(kind(found), StorageErrorKind::Unavailable);
}

#[tokio::test]
async fn a_lost_idle_connection_is_replaced() {
    let fixture = Fixture::new().await;
    fixture.end_sessions().await;
    fixture.sessions(0, "true").await;
    // The driver notices the closed connection after a while. Until then, an operation may still
    // get the connection, and fails.
    while let Err(error) = fixture.storage.find_ticket(fixture.shop, TicketId::new(1).unwrap()).await {
        assert_eq!(error.kind, StorageErrorKind::Unavailable);
    }
    let created = fixture.create(vec![fixture.item(1, None)]).await.unwrap();
    assert_eq!(created, [CreateTicketOutcome::Created]);
}

#[tokio::test]
async fn waiting_too_long_writes_nothing_and_keeps_the_connection() {
    for options in ["-c lock_timeout=50ms", "-c statement_timeout=50ms"] {
        let fixture = Fixture::with_options(options).await;
        let session = "SELECT pid::bigint FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'hexdesk'";
        let before = fixture.count(session).await;
        fixture.other_does("BEGIN; LOCK TABLE tickets, id_ranges IN ACCESS EXCLUSIVE MODE").await;
        let created = fixture.create(vec![fixture.item(1, None)]).await;
        assert_eq!(kind(created), StorageErrorKind::Unavailable, "{options}");
        let reserved = fixture.storage.reserve_id_range(now(), 1_000, None).await;
        assert_eq!(kind(reserved), StorageErrorKind::Unavailable, "{options}");
        fixture.other_does("COMMIT").await;
        assert!(!fixture.is_there(1).await);
        assert_eq!(fixture.count(session).await, before);
    }
}

#[tokio::test]
async fn waiting_for_a_connection_times_out() {
    let fixture = Fixture::with_options("-c lock_timeout=60s -c statement_timeout=60s").await;
    fixture.other_does("BEGIN; LOCK TABLE tickets IN EXCLUSIVE MODE").await;
    let mut create = pin!(fixture.create(vec![fixture.item(1, None)]));
    begin(create.as_mut()).await;
    fixture.is_blocked().await;
    let error = fixture.storage.find_shop(&domain()).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unavailable);
    assert!(error.to_string().contains("all connections of the pool are in use"), "{error}");
    fixture.other_does("COMMIT").await;
    assert_eq!(create.await.unwrap(), [CreateTicketOutcome::Created]);
}

#[tokio::test]
async fn a_stopped_server_is_unavailable_until_it_is_back() {
    let own = Cluster::builder().start();
    let storage = PostgresStorage::connect(&own.url("postgres")).await.unwrap();
    storage.migrate().await.unwrap();
    own.stop();
    // The driver reads the end of the connection before the next operation.
    tokio::task::yield_now().await;
    let error = storage.create_shop(&domain(), now()).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{}", own.port())), "{error}");
    let refused = PostgresStorage::connect(&own.url("postgres")).await.unwrap_err().to_string();
    assert!(refused.contains("Connection refused"), "{refused}");
    own.start();
    assert!(matches!(storage.create_shop(&domain(), now()).await, Ok(CreateShopOutcome::Created(_))));
}

#[tokio::test]
async fn a_connection_to_a_read_only_server_is_closed() {
    let fixture = Fixture::new().await;
    let options = "application_name=reader&options=-c%20default_transaction_read_only%3Don";
    let storage = PostgresStorage::connect(&format!("{}?{options}", fixture.database.url)).await.unwrap();
    let session = "SELECT pid::bigint FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'reader'";
    let before = fixture.count(session).await;
    let created = storage.create_tickets(vec![fixture.item(1, None)]).await;
    assert_eq!(kind(created), StorageErrorKind::Unavailable);
    assert!(storage.find_shop(&domain()).await.unwrap().is_some());
    fixture.sessions_of("reader", 0, &format!("pid = {before}")).await;
}

#[tokio::test]
async fn waiting_for_a_lock_times_out_by_default() {
    let fixture = Fixture::new().await;
    fixture.other_does("BEGIN; LOCK TABLE tickets IN EXCLUSIVE MODE").await;
    let begun = Instant::now();
    assert_eq!(kind(fixture.create(vec![fixture.item(1, None)]).await), StorageErrorKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn keys_of_a_shop_are_numbered_one_after_another() {
    let fixture = Fixture::new().await;
    fixture
        .other_does(&format!(
            "BEGIN; SELECT FROM shops WHERE id = {0} FOR NO KEY UPDATE;
             INSERT INTO api_keys VALUES ({0}, 1, decode(repeat('00', 32), 'hex'), '', NULL, now())",
            fixture.shop
        ))
        .await;
    let key = NewApiKey {
        secret_hash: SecretHash([1; 32]),
        scopes: BTreeSet::new(),
        user_id: None,
        stamp: stamp(now()),
        expires_at: None,
    };
    let (created, ()) = tokio::join!(fixture.storage.create_key(fixture.shop, key, None), async {
        fixture.is_blocked().await;
        fixture.other_does("COMMIT").await;
    });
    let created = created.unwrap();
    let IdempotentOutcome::Ran(CreateKeyOutcome::Created(created)) = created else { panic!("{created:?}") };
    assert_eq!(created.number.get(), 2);
}

#[tokio::test]
async fn uncommitted_writes_are_not_reported() {
    let fixture = Fixture::new().await;
    fixture.create(vec![fixture.item(9, None)]).await.unwrap();
    for table in ["shops", "customers", "users", "tickets", "comments"] {
        fixture
            .other_does(&format!(
                "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                     AS 'BEGIN RAISE EXCEPTION ''refused''; END';
                 CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON {table}
                     DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
            ))
            .await;
    }
    let storage = &fixture.storage;
    let other_domain = ShopDomain::parse("other.example").unwrap();
    assert_eq!(kind(storage.create_shop(&other_domain, now()).await), StorageErrorKind::Unavailable);
    let customer = CustomerDraft { email: Some("bob@example.com".into()), ..CustomerDraft::default() };
    let customer = customer.into_new(stamp(now())).unwrap();
    assert_eq!(
        kind(storage.create_customer(fixture.shop, customer, None).await),
        StorageErrorKind::Unavailable
    );
    let user = UserDraft { email: Some("eve@example.com".into()), ..UserDraft::default() };
    let user = user.into_new(stamp(now())).unwrap();
    assert_eq!(kind(storage.create_user(fixture.shop, user, None).await), StorageErrorKind::Unavailable);
    assert_eq!(kind(fixture.create(vec![fixture.item(1, None)]).await), StorageErrorKind::Unavailable);
    let comment = CommentCreation {
        comment: fixture.comment(9, 1),
        stamp: stamp(now()),
        expected_version: None,
        claim: None,
    };
    assert_eq!(kind(storage.create_comments(vec![comment]).await), StorageErrorKind::Unavailable);
}

#[tokio::test]
async fn a_missing_table_is_unavailable() {
    let fixture = Fixture::new().await;
    fixture.other_does("DROP TABLE events").await;
    assert_eq!(kind(fixture.create(vec![fixture.item(1, None)]).await), StorageErrorKind::Unavailable);
}

#[tokio::test]
async fn a_taken_id_is_unexpected_and_reported_without_values() {
    let fixture = Fixture::new().await;
    fixture.create(vec![fixture.item(77_001, None)]).await.unwrap();
    let error =
        fixture.create(vec![fixture.item(77_002, None), fixture.item(77_001, None)]).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unexpected);
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("unique constraint") && !shown.contains("77001"), "{shown}");
    assert!(!fixture.is_there(77_002).await);
}

#[tokio::test]
async fn a_claim_waits_for_another_claim_and_returns_its_outcome() {
    let fixture = Fixture::new().await;
    let claim = |key: &str| {
        format!(
            "BEGIN; INSERT INTO idempotency_records VALUES
                 ({}, 'create', '{key}', decode(repeat('07', 32), 'hex'), 'first', NULL, now())",
            fixture.shop
        )
    };
    for (key, end, expected) in [
        ("kept", "COMMIT", CreateTicketOutcome::Replayed(b"first".to_vec())),
        ("given up", "ROLLBACK", CreateTicketOutcome::Created),
    ] {
        fixture.other_does(&claim(key)).await;
        let other_item = fixture.item(if end == "COMMIT" { 10 } else { 20 }, None);
        let item = fixture.item(if end == "COMMIT" { 11 } else { 21 }, Some(key));
        let (created, ()) = tokio::join!(fixture.create(vec![item, other_item]), async {
            fixture.is_blocked().await;
            fixture.other_does(end).await;
        });
        assert_eq!(created.unwrap(), [expected, CreateTicketOutcome::Created], "{end}");
    }
    assert_eq!(fixture.count("SELECT count(*) FROM tickets").await, 3);
    assert_eq!(fixture.count("SELECT count(DISTINCT human_ticket_id) FROM tickets").await, 3);
}

#[tokio::test]
async fn numbers_end_at_the_maximum() {
    let fixture = Fixture::new().await;
    let customer = |id: Option<CustomerId>| {
        let phone_number = Some(format!("{id:?}"));
        let draft = CustomerDraft { phone_number, ..CustomerDraft::default() };
        NewCustomer { id, ..draft.into_new(stamp(now())).unwrap() }
    };
    let last = CustomerId::new(CustomerId::MAX);
    let created = fixture.storage.create_customer(fixture.shop, customer(last), None).await.unwrap();
    assert!(matches!(created, IdempotentOutcome::Ran(CreateCustomerOutcome::Created(_))), "{created:?}");
    assert!(fixture.storage.create_customer(fixture.shop, customer(None), None).await.is_err());
    assert_eq!(fixture.count("SELECT count(*) FROM customers").await, 2);

    let last = HumanTicketId::MAX;
    fixture.other_does(&format!("UPDATE shop_counters SET human_tickets = {last}")).await;
    assert!(fixture.create(vec![fixture.item(1, None)]).await.is_err());
    // A ticket that is created closed takes no number.
    let mut closed = fixture.item(2, None);
    closed.ticket.is_opened = false;
    assert_eq!(fixture.create(vec![closed]).await.unwrap(), [CreateTicketOutcome::Created]);
}

#[tokio::test]
async fn a_partly_known_batch_is_unknown() {
    let fixture = Fixture::with_options("-c lock_timeout=2s").await;
    fixture
        .other_does(&format!(
            "BEGIN; INSERT INTO idempotency_records VALUES ({}, 'create', 'key', '', '', NULL, now())",
            fixture.shop
        ))
        .await;
    let third = client(&fixture.database).await;
    third.batch_execute("SET application_name = 'third'; BEGIN").await.unwrap();
    let batch = vec![fixture.item(1, Some("key")), fixture.item(2, None)];
    let (created, locked, ()) = tokio::join!(
        fixture.create(batch),
        async {
            fixture.is_blocked().await;
            // Runs between the statement that loses the claim and the statement that reads again.
            third.batch_execute("LOCK TABLE idempotency_records IN ACCESS EXCLUSIVE MODE").await
        },
        async {
            fixture.sessions_of("third", 1, "wait_event_type = 'Lock'").await;
            fixture.other_does("COMMIT").await;
        }
    );
    locked.unwrap();
    assert_eq!(kind(created), StorageErrorKind::OutcomeUnknown);
    third.batch_execute("COMMIT").await.unwrap();
    assert!(!fixture.is_there(1).await);
    assert!(fixture.is_there(2).await);
}

#[tokio::test]
async fn a_customer_deleted_meanwhile_is_not_found() {
    let fixture = Fixture::new().await;
    fixture.other_does(&format!("BEGIN; DELETE FROM customers WHERE id = {}", fixture.customer)).await;
    let (created, ()) = tokio::join!(fixture.create(vec![fixture.item(1, Some("key"))]), async {
        fixture.is_blocked().await;
        fixture.other_does("COMMIT").await;
    });
    assert_eq!(created.unwrap(), [CreateTicketOutcome::CustomerNotFound]);
    assert_eq!(fixture.count("SELECT count(*) FROM idempotency_records").await, 0);
}
