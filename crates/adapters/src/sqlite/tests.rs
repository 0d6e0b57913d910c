//! Tests of internals: the connections, and failing commands.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use hexdesk_domain::{ShopDomain, ShopStore, Timestamp};
use tempfile::TempDir;

use super::*;

/// Creates a migrated database in a directory for one test.
async fn storage() -> (TempDir, SqliteStorage) {
    let directory = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&directory.path().join("hexdesk.db")).unwrap();
    storage.migrate().await.unwrap();
    (directory, storage)
}

#[derive(Debug, PartialEq)]
struct Pragmas {
    foreign_keys: i64,
    secure_delete: i64,
    busy_timeout: i64,
    journal_mode: String,
    synchronous: i64,
    fullfsync: i64,
    trusted_schema: i64,
    wal_autocheckpoint: i64,
    journal_size_limit: i64,
    query_only: i64,
    cache_size: i64,
}

fn pragmas(connection: &mut SqliteConnection) -> anyhow::Result<Pragmas> {
    let mut number = |name: &str| sql::<BigInt>(&format!("PRAGMA {name}")).get_result::<i64>(connection);
    Ok(Pragmas {
        foreign_keys: number("foreign_keys")?,
        secure_delete: number("secure_delete")?,
        busy_timeout: number("busy_timeout")?,
        synchronous: number("synchronous")?,
        fullfsync: number("fullfsync")?,
        trusted_schema: number("trusted_schema")?,
        wal_autocheckpoint: number("wal_autocheckpoint")?,
        journal_size_limit: number("journal_size_limit")?,
        query_only: number("query_only")?,
        cache_size: number("cache_size")?,
        journal_mode: sql::<Text>("PRAGMA journal_mode").get_result(connection)?,
    })
}

fn expected_pragmas() -> Pragmas {
    Pragmas {
        foreign_keys: 1,
        secure_delete: 1,
        busy_timeout: 5_000,
        journal_mode: "wal".to_owned(),
        synchronous: 2,
        fullfsync: 1,
        trusted_schema: 0,
        wal_autocheckpoint: 4_000,
        journal_size_limit: 64 << 20,
        query_only: 0,
        cache_size: -16_384,
    }
}

/// Closes a connection of these threads.
async fn close(threads: &WorkerThreads) {
    let closed = threads.run("test", |slot| {
        slot.close();
        Ok(())
    });
    closed.await.unwrap();
}

#[tokio::test]
async fn connections_are_set_up() {
    let (_directory, storage) = storage().await;
    assert_eq!(storage.write("test", pragmas).await.unwrap(), expected_pragmas());
    let reader = Pragmas { query_only: 1, cache_size: -2_000, ..expected_pragmas() };
    assert_eq!(storage.read("test", pragmas).await.unwrap(), reader);
}

#[tokio::test]
async fn a_replacement_connection_is_set_up_too() {
    let (_directory, storage) = storage().await;
    for threads in [&storage.writer.threads, &storage.readers] {
        close(threads).await;
    }
    assert_eq!(storage.write("test", pragmas).await.unwrap(), expected_pragmas());
}

#[tokio::test]
async fn readers_cannot_write() {
    let (_directory, storage) = storage().await;
    let outcome = storage.read("test", |connection| Ok(connection.batch_execute("CREATE TABLE a (b)")?));
    assert_eq!(outcome.await.unwrap_err().kind, StorageErrorKind::Unexpected);
}

const INSERT: &str = "INSERT INTO shops (domain, created_at) VALUES ('lost.example', 0)";

/// Asserts that [`INSERT`] left nothing, and that commands still work.
async fn assert_nothing_is_left(storage: &SqliteStorage) {
    assert_eq!(storage.list_shops().await.unwrap(), []);
    let domain = ShopDomain::parse("next.example").unwrap();
    storage.create_shop(&domain, Timestamp::MIN).await.unwrap();
    let kept = storage.list_shops().await.unwrap();
    assert_eq!(kept.iter().map(|shop| &shop.domain).collect::<Vec<_>>(), [&domain]);
}

#[tokio::test]
async fn a_panic_fails_and_is_rolled_back() {
    let (_directory, storage) = storage().await;
    let outcome = storage.write("test", |connection| -> anyhow::Result<()> {
        connection.batch_execute(INSERT)?;
        panic!("seen in the output of this test")
    });
    assert_eq!(outcome.await.unwrap_err().kind, StorageErrorKind::Unexpected);
    assert_nothing_is_left(&storage).await;
}

#[tokio::test]
async fn an_error_is_rolled_back() {
    let (_directory, storage) = storage().await;
    let outcome = storage.write("test", |connection| -> anyhow::Result<()> {
        connection.batch_execute(INSERT)?;
        anyhow::bail!("a reason")
    });
    let error = outcome.await.unwrap_err();
    assert_eq!((error.kind, error.to_string().as_str()), (StorageErrorKind::Unexpected, "test: a reason"));
    assert_nothing_is_left(&storage).await;
}

#[tokio::test]
async fn the_error_is_returned_even_if_sqlite_has_already_rolled_back() {
    let (_directory, storage) = storage().await;
    let outcome = storage.write("test", |connection| -> anyhow::Result<()> {
        connection.batch_execute(INSERT)?;
        connection.batch_execute("ROLLBACK")?;
        anyhow::bail!("a reason")
    });
    assert_eq!(outcome.await.unwrap_err().to_string(), "test: a reason");
    assert_nothing_is_left(&storage).await;
}

#[tokio::test]
async fn a_failed_commit_leaves_nothing_open() {
    let (_directory, storage) = storage().await;
    let outcome = storage.write("test", |connection| {
        connection.batch_execute(INSERT)?;
        connection.batch_execute("PRAGMA defer_foreign_keys = ON")?;
        connection.batch_execute("INSERT INTO shop_counters VALUES (99, 'users', 1)")?;
        Ok(())
    });
    assert_eq!(outcome.await.unwrap_err().kind, StorageErrorKind::Unexpected);
    assert_nothing_is_left(&storage).await;
}

#[tokio::test]
async fn a_full_disk_is_unavailable() {
    let (_directory, storage) = storage().await;
    let outcome = storage.write("test", |connection| {
        connection.batch_execute("PRAGMA max_page_count = 1")?;
        connection.batch_execute(INSERT)?;
        connection.batch_execute("CREATE TABLE large AS SELECT zeroblob(1000000) AS a")?;
        Ok(())
    });
    assert_eq!(outcome.await.unwrap_err().kind, StorageErrorKind::Unavailable);
    // The limit belongs to the connection.
    close(&storage.writer.threads).await;
    assert_nothing_is_left(&storage).await;
}

#[tokio::test]
async fn a_failing_disk_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions { readers: 1, ..SqliteOptions::default() };
    let storage = SqliteStorage::open_with(&directory.path().join("hexdesk.db"), &options).unwrap();
    storage.migrate().await.unwrap();
    // The reader reads the schema.
    assert_eq!(storage.list_shops().await.unwrap(), []);
    storage.create_shop(&ShopDomain::parse("a.example").unwrap(), Timestamp::MIN).await.unwrap();
    // SQLite knows that the log holds the shop. The log now ends too early.
    let log = directory.path().join("hexdesk.db-wal");
    std::fs::OpenOptions::new().write(true).open(&log).unwrap().set_len(0).unwrap();
    let error = storage.list_shops().await.unwrap_err();
    assert_eq!(error.to_string(), "list_shops: disk I/O error");
    assert_eq!(error.kind, StorageErrorKind::Unavailable);
}

#[tokio::test]
async fn a_lock_that_is_not_released_is_unavailable() {
    let (directory, storage) = storage().await;
    let path = directory.path().join("hexdesk.db");
    let outcome = storage.write("test", move |_| {
        let mut other = SqliteConnection::establish(path.to_str().unwrap())?;
        Ok(other.batch_execute("BEGIN IMMEDIATE")?)
    });
    let error = outcome.await.unwrap_err();
    assert_eq!(error.to_string(), "test: database is locked");
    assert_eq!(error.kind, StorageErrorKind::Unavailable);
}
