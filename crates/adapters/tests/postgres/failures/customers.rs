//! Creations and changes of customers, while another client interferes.

use std::sync::Arc;

use hexdesk_adapters::{PostgresOptions, PostgresStorage};
use hexdesk_domain::ports::{CreateCustomerOutcome, CustomerUpdate, UpdateCustomerOutcome};
use hexdesk_domain::{
    CustomerChanges, CustomerDraft, CustomerId, CustomerStore, DeferredClaim, IdempotentOutcome, Receipt,
    RenderReceipt, StorageError,
};

use super::fixture::{Fixture, claim, now, stamp};

/// Gives Ann a phone number and the e-mail address of Bob.
async fn become_bob(
    fixture: &Fixture,
    key: Option<&str>,
) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, StorageError> {
    let changes = CustomerChanges {
        email: Some(Some("BOB@example.com".into())),
        phone_number: Some(Some("1".into())),
        ..CustomerChanges::default()
    };
    fixture
        .storage
        .update_customer(
            fixture.shop,
            fixture.customer,
            CustomerUpdate { changes, stamp: stamp(now()) },
            key.map(claim),
        )
        .await
}

#[tokio::test]
async fn a_concurrently_taken_address_is_refused() {
    for key in [None, Some("key")] {
        for (column, value, end, expected) in [
            ("email_folded", "bob@example.com", "COMMIT", Some(UpdateCustomerOutcome::EmailTaken)),
            ("email_folded", "bob@example.com", "ROLLBACK", None),
        ] {
            let fixture = Fixture::new().await;
            fixture
                .other_does(&format!(
                    "BEGIN; INSERT INTO customers (shop_id, id, {column}, number_of_orders, created_at, words)
                         VALUES ({}, 99, '{value}', 0, now(), '')",
                    fixture.shop
                ))
                .await;
            let (updated, ()) = tokio::join!(become_bob(&fixture, key), async {
                fixture.is_blocked().await;
                fixture.other_does(end).await;
            });
            match (updated.unwrap(), expected) {
                (IdempotentOutcome::Ran(outcome), Some(expected)) => assert_eq!(outcome, expected),
                (IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(customer)), None) => {
                    assert_eq!(customer.email.as_deref(), Some("BOB@example.com"));
                }
                (updated, _) => panic!("{updated:?}"),
            }
            if key.is_some() {
                let again = become_bob(&fixture, key).await.unwrap();
                assert_eq!(again, IdempotentOutcome::Replayed(b"receipt".to_vec()));
            }
        }
    }
}

#[tokio::test]
async fn an_update_waits_for_another_update_and_sees_it() {
    let fixture = Fixture::new().await;
    fixture
        .other_does("BEGIN; UPDATE customers SET phone_number = '7', email = NULL, email_folded = NULL")
        .await;
    let changes = CustomerChanges { phone_number: Some(None), ..CustomerChanges::default() };
    let update = fixture.storage.update_customer(
        fixture.shop,
        fixture.customer,
        CustomerUpdate { changes, stamp: stamp(now()) },
        None,
    );
    let (updated, ()) = tokio::join!(update, async {
        fixture.is_blocked().await;
        fixture.other_does("COMMIT").await;
    });
    assert_eq!(updated.unwrap(), IdempotentOutcome::Ran(UpdateCustomerOutcome::Unreachable));
}

/// A receipt with data of the created or found customer.
fn receipt() -> RenderReceipt<CreateCustomerOutcome> {
    Arc::new(|outcome| match outcome {
        CreateCustomerOutcome::Created(customer) | CreateCustomerOutcome::Existing(customer) => {
            Some(Receipt { response: b"receipt".to_vec(), customer_id: Some(customer.id) })
        }
        CreateCustomerOutcome::IdTaken => None,
    })
}

#[tokio::test]
async fn a_customer_deleted_after_being_found_is_created() {
    for key in [None, Some("key")] {
        let fixture = Fixture::new().await;
        fixture.other_does("BEGIN; SELECT FROM customers FOR UPDATE").await;
        let draft = CustomerDraft { email: Some("ann@example.com".into()), ..CustomerDraft::default() };
        let ann = draft.into_new(stamp(now())).unwrap();
        let create = fixture.storage.create_customer(
            fixture.shop,
            ann,
            key.map(|key| DeferredClaim { receipt: receipt(), ..claim(key) }),
        );
        let (created, ()) = tokio::join!(create, async {
            fixture.is_blocked().await;
            fixture.other_does("DELETE FROM customers; COMMIT").await;
        });
        let created = created.unwrap();
        assert!(matches!(created, IdempotentOutcome::Ran(CreateCustomerOutcome::Created(_))), "{created:?}");
    }
}

/// Creates, changes and erases customers with the same addresses, all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_creation_fails_because_of_others_in_its_shop() {
    const ROUNDS: usize = 20;
    let fixture = Fixture::new().await;
    let options =
        PostgresOptions { max_connections: 8, pending_list_cleanup: None, ..PostgresOptions::default() };
    let storage = PostgresStorage::connect_with(&fixture.database.url, &options).await.unwrap();
    let shop = fixture.shop;
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let storage = storage.clone();
        tasks.spawn(async move {
            let mut numbers = Vec::new();
            for round in 0..ROUNDS {
                // Few addresses, each with one of few phone numbers.
                let address = |number: usize| Some(format!("{}@example.com", number % 5));
                let phone_number = |number: usize| Some((number % 7).to_string());
                let draft = CustomerDraft {
                    // A number that the counter is about to reach.
                    id: (worker == 0)
                        .then(|| CustomerId::new(i64::try_from(round).unwrap() * 5 + 3))
                        .flatten(),
                    email: address(worker + round),
                    phone_number: phone_number(worker * round),
                    ..CustomerDraft::default()
                };
                let key = format!("{worker} {round}");
                let claim = DeferredClaim { receipt: receipt(), ..claim(&key) };
                let claim = (round % 2 == 0).then_some(claim);
                let created = storage
                    .create_customer(shop, draft.into_new(stamp(now())).unwrap(), claim)
                    .await
                    .unwrap();
                let id = match created {
                    IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => {
                        numbers.push(customer.id);
                        customer.id
                    }
                    IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(customer)) => customer.id,
                    IdempotentOutcome::Ran(CreateCustomerOutcome::IdTaken) => continue,
                    other => panic!("{other:?}"),
                };
                let changes = CustomerChanges {
                    email: Some(address(worker + round + 1)),
                    phone_number: Some(phone_number(worker + round)),
                    ..CustomerChanges::default()
                };
                let update = CustomerUpdate { changes, stamp: stamp(now()) };
                storage.update_customer(shop, id, update, None).await.unwrap();
                storage.erase_customer(shop, id, stamp(now())).await.unwrap();
            }
            numbers
        });
    }
    let numbers: Vec<_> = tasks.join_all().await.into_iter().map(|numbers| numbers.len()).collect();
    let counted = fixture.count("SELECT customers FROM shop_numbers").await;
    assert!(
        usize::try_from(counted).unwrap() >= numbers.iter().sum::<usize>() - ROUNDS,
        "{counted} {numbers:?}"
    );
}
