//! SQLite and PostgreSQL also meet the storage contract through group commit and fair reads.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

#[path = "../postgres/mod.rs"]
mod postgres;

mod grouped_storage;

mod on_sqlite {
    use hexdesk_adapters::SqliteStorage;
    use hexdesk_contract::{StorageFixture, TestStorage, anyhow, async_trait};

    use crate::grouped_storage::GroupedStorage;

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

    hexdesk_contract::storage_contract!(Sqlite);
}

mod on_postgres {
    use hexdesk_adapters::PostgresStorage;
    use hexdesk_contract::{StorageFixture, TestStorage, anyhow, async_trait};

    use crate::grouped_storage::GroupedStorage;
    use crate::postgres;

    struct Postgres;

    #[async_trait]
    impl StorageFixture for Postgres {
        async fn open(&self) -> anyhow::Result<TestStorage> {
            let database = postgres::migrated_database();
            let storage = PostgresStorage::connect(&database.url).await?;
            Ok(TestStorage::new(GroupedStorage::new(storage)).with_guard(database))
        }
    }

    hexdesk_contract::storage_contract!(Postgres);
}
