//! Opens files of this adapter and other files.

use std::path::Path;

use hexdesk_domain::{Readiness, ShopDomain, ShopStore, Timestamp};
use hexdesk_redb_example::{OpenError, RedbStorage};
use redb::{Database, TableDefinition};

/// Returns the error of a file that cannot be opened. Checks that the error names the file.
fn refusal(path: &Path) -> String {
    let message = RedbStorage::open(path).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains(&path.display().to_string()), "{message}");
    message
}

#[tokio::test]
async fn data_is_there_when_the_file_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hexdesk.redb");
    let domain = ShopDomain::parse("shop.example.com").unwrap();
    let storage = RedbStorage::open(&path).unwrap();
    storage.create_shop(&domain, Timestamp::MIN).await.unwrap();
    let written = storage.find_shop(&domain).await.unwrap();
    drop(storage);

    let storage = RedbStorage::open(&path).unwrap();
    storage.check_ready().await.unwrap();
    assert!(written.is_some());
    assert_eq!(storage.find_shop(&domain).await.unwrap(), written);
}

#[test]
fn a_file_is_open_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hexdesk.redb");
    let _storage = RedbStorage::open(&path).unwrap();
    assert!(matches!(RedbStorage::open(&path), Err(OpenError::InUse { .. })));
    refusal(&path);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_new_file() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hexdesk.redb");
    drop(RedbStorage::open(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn other_files_are_refused_and_unchanged() {
    let directory = tempfile::tempdir().unwrap();

    let text = directory.path().join("text");
    std::fs::write(&text, "no database").unwrap();
    refusal(&text);
    assert_eq!(std::fs::read(&text).unwrap(), b"no database");

    let foreign = directory.path().join("foreign.redb");
    put_number(&foreign, "other").unwrap();
    assert!(refusal(&foreign).ends_with("it is a redb file, but not of this adapter"));

    let newer = directory.path().join("newer.redb");
    put_number(&newer, "meta").unwrap();
    assert!(refusal(&newer).ends_with("it has format 8; this version reads and writes format 7"));

    refusal(&directory.path().join("missing/hexdesk.redb"));
}

/// Writes the number 8 under "format" in a table of this name.
fn put_number(path: &Path, table: &str) -> anyhow::Result<()> {
    let transaction = Database::create(path)?.begin_write()?;
    let table: TableDefinition<&str, u64> = TableDefinition::new(table);
    transaction.open_table(table)?.insert("format", 8)?;
    Ok(transaction.commit()?)
}
