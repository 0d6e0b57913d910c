//! Words that are not in their indexes yet.

use std::time::{Duration, Instant};

use hexdesk_adapters::{PostgresOptions, PostgresStorage};
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{Actor, AuditStamp, CustomerDraft, CustomerStore, IdempotentOutcome};
use hexdesk_test_postgres::{TestDatabase, cluster};

use super::{Recorded, shop, time};

/// Creates a customer with this address, which contains at least one new word.
async fn create_customer(storage: &PostgresStorage, email: &str) {
    let draft = CustomerDraft { email: Some(email.to_owned()), ..CustomerDraft::default() };
    let customer =
        draft.into_new(AuditStamp { actor: Actor::Operator, time: time(), request_id: None }).unwrap();
    let created = storage.create_customer(shop(), customer, None).await.unwrap();
    assert!(matches!(created, IdempotentOutcome::Ran(CreateCustomerOutcome::Created(_))), "{created:?}");
}

/// The number of pages of waiting words.
fn waiting(database: &TestDatabase) -> String {
    database.psql("SELECT n_pending_pages FROM gin_metapage_info(get_raw_page('customers_by_words', 0))")
}

#[tokio::test]
async fn new_words_are_soon_moved_into_their_index() {
    let Recorded { storage: without, database } = Recorded::new().await;
    let options = PostgresOptions {
        pending_list_cleanup: Some(Duration::from_millis(1)),
        ..PostgresOptions::default()
    };
    let with = PostgresStorage::connect_with(&database.url, &options).await.unwrap();
    database.psql("CREATE EXTENSION pageinspect");
    create_customer(&without, "ann@example.com").await;
    assert_ne!(waiting(&database), "0");

    create_customer(&with, "bob@example.com").await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while waiting(&database) != "0" {
        assert!(Instant::now() < deadline, "the new words are not in their index after 60 s");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_account_that_does_not_own_the_tables_skips_the_cleanup() {
    let Recorded { storage: without, database } = Recorded::new().await;
    let account = format!("plain_{}", database.name);
    database.psql(&format!(
        "CREATE EXTENSION pageinspect;
         CREATE ROLE {account};
         GRANT ALL ON ALL TABLES IN SCHEMA public TO {account};
         GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {account}"
    ));
    let url = format!("{}?options=-c%20role%3D{account}", database.url);
    let options = PostgresOptions {
        max_connections: 1,
        pending_list_cleanup: Some(Duration::from_millis(1)),
        ..PostgresOptions::default()
    };
    let plain = PostgresStorage::connect_with(&url, &options).await.unwrap();
    create_customer(&plain, "ann@example.com").await;
    // The cleanup ends on the only connection before the next creation begins.
    let cleaned_up = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'SELECT gin_clean_pending_list%' AND state = 'idle'";
    let deadline = Instant::now() + Duration::from_secs(60);
    while database.psql(cleaned_up) != "1" {
        assert!(Instant::now() < deadline, "no cleanup ran within 60 s");
        tokio::task::yield_now().await;
    }
    create_customer(&plain, "bob@example.com").await;
    assert!(!cluster().log().contains("must be owner of index"));
    assert_ne!(waiting(&database), "0");
    drop((plain, without));
    database.psql(&format!("DROP OWNED BY {account}; DROP ROLE {account}"));
}
