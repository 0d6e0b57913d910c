//! PostgreSQL meets the storage contract.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

use hexdesk_adapters::PostgresStorage;
use hexdesk_contract::{StorageFixture, TestStorage, anyhow, async_trait};

#[path = "postgres/database.rs"]
mod postgres;

struct Postgres;

#[async_trait]
impl StorageFixture for Postgres {
    async fn open(&self) -> anyhow::Result<TestStorage> {
        let database = postgres::migrated_database();
        let storage = PostgresStorage::connect(&database.url).await?;
        Ok(TestStorage::new(storage).with_guard(database))
    }
}

hexdesk_contract::storage_contract!(Postgres);
