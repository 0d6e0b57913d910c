//! Databases with Hexdesk's schema, for the tests of the PostgreSQL adapter.

use hexdesk_adapters::PostgresStorage;
use hexdesk_test_postgres::{Cluster, TestDatabase, cluster};

/// Creates a migrated database for one test.
pub(crate) fn migrated_database() -> TestDatabase {
    migrated(cluster())
}

/// Creates a migrated database in this cluster.
pub(crate) fn migrated(cluster: &Cluster) -> TestDatabase {
    cluster.database("helpdesk", |url| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let storage = PostgresStorage::connect(url).await.unwrap();
            storage.migrate().await.unwrap();
            if hexdesk_test_postgres::uses_citus() {
                storage.distribute().await.unwrap();
            }
        });
    })
}
