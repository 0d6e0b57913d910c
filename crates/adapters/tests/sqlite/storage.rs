//! Guarantees of the SQLite storage beyond the ports.

use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use crate::fixture::{Fixture, at, comment, customer, fixture, fixture_with, stamp, ticket};
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, RunQueryDsl};
use diesel_migrations::MigrationHarness;
use hexdesk_adapters::{SqliteOpenError, SqliteOptions, SqliteStorage};
use hexdesk_domain::ports::{CommentCreation, CreateCustomerOutcome, CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{
    CommentStore, CustomerStore, DeferredClaim, Fingerprint, IdempotencyKey, IdempotencyRequest,
    IdempotentOutcome, PageSize, Readiness, Receipt, RenderReceipt, ShopDomain, ShopStore, StorageErrorKind,
    TicketFilter, TicketId, TicketStore,
};

/// Opens a connection as another program would.
fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

/// Holds the write lock like another program, until the returned connection is dropped.
fn lock(path: &Path) -> SqliteConnection {
    let mut other = connect(path);
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    other
}

/// Has the storage accept a batch, and then drops the caller.
async fn create_and_drop(storage: &SqliteStorage, batch: Vec<TicketCreation>) {
    tokio::select! {
        biased;
        _ = storage.create_tickets(batch) => panic!("the batch did not wait"),
        () = std::future::ready(()) => {}
    }
}

async fn is_there(Fixture { storage, shop, .. }: &Fixture, id: i64) -> bool {
    storage.find_ticket(*shop, TicketId::new(id).unwrap()).await.unwrap().is_some()
}

#[tokio::test]
async fn a_ticket_survives_a_restart() {
    let fixture = fixture().await;
    let creation = ticket(fixture.shop, fixture.customer, 1);
    let expected = creation.ticket.clone();
    assert_eq!(fixture.storage.create_tickets(vec![creation]).await.unwrap(), [CreateTicketOutcome::Created]);
    let path = fixture.path();
    drop(fixture.storage);
    let storage = SqliteStorage::open(&path).unwrap();
    assert_eq!(storage.migrate().await.unwrap(), Vec::<String>::new());
    storage.check_ready().await.unwrap();
    let view = storage.find_ticket(fixture.shop, expected.id).await.unwrap().unwrap();
    assert_eq!(view.ticket, expected);
    assert_eq!(view.human_ticket.unwrap().opened_at, at(1));
}

#[tokio::test]
async fn acknowledged_writes_are_in_the_files() {
    let fixture = fixture().await;
    let batch = vec![ticket(fixture.shop, fixture.customer, 1)];
    fixture.storage.create_tickets(batch).await.unwrap();
    let copies = tempfile::tempdir().unwrap();
    for file in ["hexdesk.db", "hexdesk.db-wal"] {
        std::fs::copy(fixture.directory.path().join(file), copies.path().join(file)).unwrap();
    }
    let copy = SqliteStorage::open(&copies.path().join("hexdesk.db")).unwrap();
    assert!(copy.find_ticket(fixture.shop, TicketId::new(1).unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_dropped_command_completes_and_blocks_nothing() {
    let fixture = fixture().await;
    let mut other = lock(&fixture.path());
    let batch = [1, 2].map(|id| ticket(fixture.shop, fixture.customer, id));
    create_and_drop(&fixture.storage, batch.into()).await;
    assert!(!is_there(&fixture, 1).await);
    other.batch_execute("ROLLBACK").unwrap();
    let batch = vec![ticket(fixture.shop, fixture.customer, 3)];
    assert_eq!(fixture.storage.create_tickets(batch).await.unwrap(), [CreateTicketOutcome::Created]);
    for id in [1, 2, 3] {
        assert!(is_there(&fixture, id).await);
    }
}

#[tokio::test]
async fn dropping_the_storage_completes_accepted_commands() {
    let fixture = fixture().await;
    let mut other = lock(&fixture.path());
    for id in [1, 2] {
        create_and_drop(&fixture.storage, vec![ticket(fixture.shop, fixture.customer, id)]).await;
    }
    let path = fixture.path();
    std::thread::scope(|scope| {
        scope.spawn(|| drop(fixture.storage));
        other.batch_execute("ROLLBACK").unwrap();
    });
    drop(other);
    let fixture = Fixture { storage: SqliteStorage::open(&path).unwrap(), ..fixture };
    assert!(is_there(&fixture, 1).await && is_there(&fixture, 2).await);
}

#[tokio::test]
async fn a_failed_command_does_not_stop_later_ones() {
    let fixture = fixture().await;
    let create = |ids: [i64; 2]| {
        let batch = ids.map(|id| ticket(fixture.shop, fixture.customer, id));
        fixture.storage.create_tickets(batch.into())
    };
    let error = create([1, 1]).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unexpected);
    assert!(!is_there(&fixture, 1).await);
    create([1, 2]).await.unwrap();
    assert!(is_there(&fixture, 2).await);
}

#[tokio::test]
async fn a_comment_that_cannot_be_stored_fails_its_batch() {
    let fixture = fixture().await;
    let expected = ticket(fixture.shop, fixture.customer, 1).ticket;
    fixture.storage.create_tickets(vec![ticket(fixture.shop, fixture.customer, 1)]).await.unwrap();
    let batch = [1, 1].map(|id| CommentCreation {
        comment: comment(fixture.shop, 1, id),
        stamp: stamp(id),
        expected_version: None,
        claim: None,
    });
    let error = fixture.storage.create_comments(batch.into()).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unexpected);
    assert_eq!(fixture.storage.count_comments(fixture.shop, expected.id).await.unwrap(), Some(0));
    let view = fixture.storage.find_ticket(fixture.shop, expected.id).await.unwrap().unwrap();
    assert_eq!(view.ticket, expected);
}

#[tokio::test]
async fn a_panicking_receipt_rolls_back_the_operation() {
    let fixture = fixture().await;
    let create = |receipt: RenderReceipt<CreateCustomerOutcome>| {
        let request = IdempotencyRequest {
            operation: "create_customer".to_owned(),
            key: IdempotencyKey::parse("a").unwrap(),
            fingerprint: Fingerprint([1; 32]),
        };
        let claim = DeferredClaim { request, requested_at: at(0), receipt };
        fixture.storage.create_customer(fixture.shop, customer("bob@example.com"), Some(claim))
    };
    let error = create(Arc::new(|_| panic!("seen in the output of this test"))).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Unexpected);
    let attempt = create(Arc::new(|_| Some(Receipt { response: vec![1], customer_id: None }))).await.unwrap();
    assert!(matches!(attempt, IdempotentOutcome::Ran(CreateCustomerOutcome::Created(_))), "{attempt:?}");
}

#[tokio::test]
async fn tags_with_json_or_sql_syntax_are_found() {
    let fixture = fixture().await;
    let tags = [
        "a", "A", " a", "", "1", "null", "\"a\"", "[\"a\"]", "'", "%", "\\", "\\u0061", "\n", "é", "e\u{301}",
    ];
    for (id, tag) in (1..).zip(tags) {
        let mut creation = ticket(fixture.shop, fixture.customer, id);
        creation.ticket.tags = vec!["other".to_owned(), tag.to_owned()];
        fixture.storage.create_tickets(vec![creation]).await.unwrap();
    }
    for (id, tag) in (1..).zip(tags) {
        let filter = TicketFilter { tags: vec![tag.to_owned()], ..TicketFilter::default() };
        let page = fixture.storage.list_tickets(fixture.shop, filter, None, PageSize::of(100)).await.unwrap();
        let found: Vec<i64> = page.entries.iter().map(|view| view.ticket.id.get()).collect();
        assert_eq!(found, [id], "{tag:?}");
    }
}

#[tokio::test]
async fn a_write_lock_of_another_program_makes_it_unavailable() {
    let busy_timeout = Duration::from_millis(50);
    let fixture = fixture_with(&SqliteOptions { busy_timeout, ..SqliteOptions::default() }).await;
    let mut other = lock(&fixture.path());
    let create = || fixture.storage.create_tickets(vec![ticket(fixture.shop, fixture.customer, 1)]);
    let started = Instant::now();
    assert_eq!(create().await.unwrap_err().kind, StorageErrorKind::Unavailable);
    assert!(started.elapsed() >= busy_timeout);
    // Reads continue.
    assert!(!is_there(&fixture, 1).await);
    fixture.storage.check_ready().await.unwrap();
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(create().await.unwrap(), [CreateTicketOutcome::Created]);
}

#[tokio::test]
async fn a_full_queue_makes_it_unavailable() {
    let fixture = fixture_with(&SqliteOptions { queue_length: 1, ..SqliteOptions::default() }).await;
    let mut other = lock(&fixture.path());
    let create = |id| fixture.storage.create_tickets(vec![ticket(fixture.shop, fixture.customer, id)]);
    let release = async {
        // Runs after each of the others was polled, so they are refused or accepted by now.
        other.batch_execute("ROLLBACK").unwrap();
    };
    let outcomes = tokio::join!(biased; create(1), create(2), create(3), create(4), release);
    let outcomes = [outcomes.0, outcomes.1, outcomes.2, outcomes.3];
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    let kinds: Vec<_> = refused.map(|error| error.kind).collect();
    // One waits in the queue. Another may have left the queue, and wait for the lock.
    assert!([2, 3].contains(&kinds.len()), "{outcomes:?}");
    assert!(kinds.iter().all(|kind| *kind == StorageErrorKind::Unavailable), "{outcomes:?}");
    for (id, outcome) in (1..).zip(outcomes) {
        assert_eq!(is_there(&fixture, id).await, outcome.is_ok());
    }
}

#[tokio::test]
async fn an_unmigrated_storage_is_not_ready() {
    let directory = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&directory.path().join("hexdesk.db")).unwrap();
    let error = storage.check_ready().await.unwrap_err().to_string();
    assert!(error.contains("hexdesk.db") && error.contains("_helpdesk"), "{error}");
    storage.migrate().await.unwrap();
    storage.check_ready().await.unwrap();
    let mut other = connect(&directory.path().join("hexdesk.db"));
    other.batch_execute("DELETE FROM __diesel_schema_migrations").unwrap();
    assert!(storage.check_ready().await.is_err());
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let fixture = fixture().await;
    let mut other = connect(&fixture.path());
    other.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231')").unwrap();
    let error = fixture.storage.migrate().await.unwrap_err();
    assert!(matches!(error, SqliteOpenError::Newer { .. }), "{error}");
    let error = error.to_string();
    assert!(error.contains("hexdesk.db") && error.contains("99991231"), "{error}");
}

/// The names of the migrations in this repository, in their order.
fn migrations() -> Vec<String> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn several_programs_may_open_and_migrate_a_new_database_at_once() {
    const PROGRAMS: usize = 4;
    for round in 0..20 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hexdesk.db");
        if round % 2 == 1 {
            // As if migrations had run before. Looking for migrations writes nothing.
            connect(&path).applied_migrations().unwrap();
        }
        let barrier = Barrier::new(PROGRAMS);
        let program = || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            barrier.wait();
            let storage = SqliteStorage::open(&path);
            barrier.wait();
            runtime.block_on(storage.unwrap().migrate()).unwrap()
        };
        let mut applied: Vec<Vec<String>> = std::thread::scope(|scope| {
            let programs: Vec<_> = (0..PROGRAMS).map(|_| scope.spawn(program)).collect();
            programs.into_iter().map(|program| program.join().unwrap()).collect()
        });
        applied.sort_by_key(Vec::len);
        let (first, others) = applied.split_last().unwrap();
        assert_eq!(*first, migrations());
        assert!(others.iter().all(Vec::is_empty));
    }
}

#[tokio::test]
async fn a_failed_migration_leaves_the_database_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hexdesk.db");
    let mut other = connect(&path);
    other.batch_execute("CREATE TABLE tickets (a)").unwrap();
    let storage = SqliteStorage::open(&path).unwrap();
    let error = storage.migrate().await.unwrap_err();
    assert!(matches!(error, SqliteOpenError::CannotMigrate { .. }), "{error}");
    let error = error.to_string();
    assert!(error.contains("hexdesk.db") && error.contains("tickets"), "{error}");
    let tables = diesel::dsl::sql::<diesel::sql_types::Text>("SELECT name FROM sqlite_schema");
    assert_eq!(tables.load::<String>(&mut other).unwrap(), ["tickets"]);
}

#[test]
fn files_that_cannot_be_opened_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let open = |name: &str| SqliteStorage::open(&directory.path().join(name)).unwrap_err();
    let text = directory.path().join("text");
    std::fs::write(&text, "This is not a database. ".repeat(1_000)).unwrap();
    std::fs::create_dir(directory.path().join("blocked.db-wal")).unwrap();

    let error = open("missing/hexdesk.db");
    assert!(matches!(error, SqliteOpenError::MissingDirectory { .. }), "{error}");
    assert!(error.to_string().contains("/missing; create it"), "{error}");
    let error = open("");
    assert!(matches!(error, SqliteOpenError::IsDirectory { .. }), "{error}");
    let error = open("text");
    assert!(matches!(error, SqliteOpenError::CannotOpen { .. }), "{error}");
    assert!(error.to_string().contains("/text") && error.to_string().contains("not a database"), "{error}");
    let error = open("blocked.db");
    assert!(matches!(error, SqliteOpenError::CannotOpen { .. }), "{error}");
    let error = open("nul\0.db");
    assert!(matches!(error, SqliteOpenError::CannotOpen { .. }), "{error}");
}

#[tokio::test]
async fn names_with_a_meaning_in_sqlite_are_file_names() {
    let directory = tempfile::tempdir().unwrap();
    for name in [":memory:", "file:a.db?mode=memory", "a%20b.db", "é.db"] {
        let storage = SqliteStorage::open(&directory.path().join(name)).unwrap();
        storage.migrate().await.unwrap();
        drop(storage);
        assert!(directory.path().join(name).metadata().unwrap().len() > 0);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_a_new_database() {
    use std::os::unix::fs::PermissionsExt;

    let fixture = fixture().await;
    fixture.storage.list_shops().await.unwrap();
    let mode = |file: &str| fixture.directory.path().join(file).metadata().unwrap().permissions().mode();
    for file in ["hexdesk.db", "hexdesk.db-wal", "hexdesk.db-shm"] {
        assert_eq!(mode(file) & 0o777, 0o600, "{file}");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_new_database_behind_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::create_dir(path("data")).unwrap();
    symlink("second.db", path("first.db")).unwrap();
    symlink(path("data/hexdesk.db"), path("second.db")).unwrap();
    drop(SqliteStorage::open(&path("first.db")).unwrap());
    assert_eq!(path("data/hexdesk.db").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(path("first.db").is_symlink() && path("second.db").is_symlink());

    symlink("loop.db", path("loop.db")).unwrap();
    let error = SqliteStorage::open(&path("loop.db")).unwrap_err();
    assert!(matches!(error, SqliteOpenError::CannotOpen { .. }), "{error}");
}

#[tokio::test]
async fn several_programs_may_write_at_once() {
    let fixture = fixture().await;
    let other = SqliteStorage::open(&fixture.path()).unwrap();
    let create = async |storage: &SqliteStorage, ids: std::ops::Range<i64>| {
        for id in ids {
            let batch = vec![ticket(fixture.shop, fixture.customer, id)];
            assert_eq!(storage.create_tickets(batch).await.unwrap(), [CreateTicketOutcome::Created]);
        }
    };
    tokio::join!(create(&fixture.storage, 1..50), create(&other, 50..100));
    let domain = ShopDomain::parse("b.example").unwrap();
    other.create_shop(&domain, at(0)).await.unwrap();
    assert!(fixture.storage.find_shop(&domain).await.unwrap().is_some());
}
