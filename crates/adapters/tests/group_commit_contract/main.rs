//! Group commit and fair reads keep the storage contract: above the reference store in every case, and
//! above the databases in the cases of batches.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

#[path = "../postgres/database.rs"]
mod postgres;

mod grouped_storage;

mod on_the_reference_store {
    use hexdesk_contract::{MemoryStorage, StorageFixture, TestStorage, anyhow, async_trait};

    use crate::grouped_storage::GroupedStorage;

    struct Reference;

    #[async_trait]
    impl StorageFixture for Reference {
        async fn open(&self) -> anyhow::Result<TestStorage> {
            Ok(TestStorage::new(GroupedStorage::new(MemoryStorage::new())))
        }
    }

    hexdesk_contract::storage_contract!(Reference);
}

mod on_databases {
    use std::sync::Mutex;
    use std::thread;

    use hexdesk_adapters::{PostgresStorage, SqliteStorage};
    use hexdesk_contract::{CASES, Case, StorageFixture, TestStorage, anyhow, async_trait};

    use crate::grouped_storage::GroupedStorage;
    use crate::postgres;

    struct Sqlite;

    #[async_trait]
    impl StorageFixture for Sqlite {
        async fn open(&self) -> anyhow::Result<TestStorage> {
            let directory = tempfile::tempdir()?;
            let storage = SqliteStorage::open(&directory.path().join("hexdesk.db"))?;
            storage.migrate().await?;
            Ok(TestStorage::new(GroupedStorage::new(storage)).with_guard(directory))
        }
    }

    struct Postgres;

    #[async_trait]
    impl StorageFixture for Postgres {
        async fn open(&self) -> anyhow::Result<TestStorage> {
            let database = postgres::migrated_database();
            let storage = PostgresStorage::connect(&database.url).await?;
            Ok(TestStorage::new(GroupedStorage::new(storage)).with_guard(database))
        }
    }

    /// The modules whose cases depend on how batches are formed. The other cases pass through the
    /// same code above the reference store, and meet the databases in their own tests.
    const MODULES: &[&str] = &["tickets", "comments", "idempotency"];

    /// Of races, those between batches.
    const RACES: &[&str] = &["TICKET-12", "COMMENT-11", "EVENT-14"];

    #[test]
    fn batches_meet_the_contract_on_sqlite() {
        batches_meet_the_contract(&Sqlite);
    }

    #[test]
    fn batches_meet_the_contract_on_postgres() {
        batches_meet_the_contract(&Postgres);
    }

    fn batches_meet_the_contract(fixture: &dyn StorageFixture) {
        let is_run = |case: &&Case| MODULES.contains(&case.module()) || RACES.contains(&case.rule);
        let cases: Vec<_> = CASES.iter().filter(is_run).collect();
        assert!(MODULES.iter().all(|module| cases.iter().any(|case| case.module() == *module)));
        let queue = Mutex::new(cases.into_iter());
        let next = || queue.lock().unwrap().next();
        let failures = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(case) = next() {
                        if let Err(failure) = case.run(fixture) {
                            failures.lock().unwrap().push(failure.to_string());
                        }
                    }
                });
            }
        });
        assert_eq!(failures.into_inner().unwrap(), Vec::<String>::new());
    }
}
