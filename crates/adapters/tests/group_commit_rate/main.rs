//! Measures how many tickets 64 callers create per second, with and without group commit. It is run
//! by hand, as `docs/decisions/0007-concurrent-creations-share-a-transaction.md` explains.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement, which ends where its preparation fails"
)]

#[path = "../sqlite/fixture.rs"]
#[allow(dead_code, reason = "it has more than is needed here")]
mod sqlite_fixture;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use hexdesk_adapters::{Batches, GroupCommit, PostgresStorage};
use hexdesk_domain::ports::{CreateCustomerOutcome, CreateShopOutcome, CreateTicketOutcome};
use hexdesk_domain::{
    CustomerId, CustomerStore, IdempotentOutcome, ShopDomain, ShopId, ShopStore, Storage, TicketStore,
};
use hexdesk_test_postgres::Cluster;
use sqlite_fixture::{at, customer, ticket};
use tokio::runtime::Handle;

const CALLERS: usize = 64;
const ROUND: Duration = Duration::from_secs(5);
const ROUNDS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn on_sqlite() {
    let fixture = sqlite_fixture::fixture().await;
    compare("SQLite", Arc::new(fixture.storage), fixture.shop, fixture.customer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn on_postgres() {
    // Test clusters write nothing to the disk by default.
    let cluster = Cluster::builder().durable().start();
    let storage = PostgresStorage::connect(&cluster.url("postgres")).await.unwrap();
    storage.migrate().await.unwrap();
    let domain = ShopDomain::parse("a.example").unwrap();
    let CreateShopOutcome::Created(shop) = storage.create_shop(&domain, at(0)).await.unwrap() else {
        panic!("the shop already exists");
    };
    let attempt = storage.create_customer(shop.id, customer("ann@example.com"), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) = attempt else {
        panic!("the customer already exists");
    };
    compare("PostgreSQL", Arc::new(storage), shop.id, customer.id).await;
}

/// Alternates rounds with and without group commit, after one uncounted round of each.
async fn compare(name: &str, storage: Arc<dyn Storage>, shop: ShopId, customer: CustomerId) {
    let grouped =
        Arc::new(GroupCommit::new(storage.clone(), storage.clone(), Batches::OfAllShops, Handle::current()));
    let next_id = Arc::new(AtomicI64::new(1));
    let mut ratios = Vec::new();
    for round in 0..=ROUNDS {
        let without = rate(storage.clone(), shop, customer, &next_id).await;
        let with = rate(grouped.clone(), shop, customer, &next_id).await;
        if round > 0 {
            println!("{name}: {without:.0}/s without, {with:.0}/s with, {:.2} times", with / without);
            ratios.push(with / without);
        }
    }
    ratios.sort_by(f64::total_cmp);
    println!("{name}: {:.2} times in the median", ratios[ROUNDS / 2]);
}

/// Returns the number of tickets created per second.
async fn rate(
    store: Arc<dyn TicketStore>,
    shop: ShopId,
    customer: CustomerId,
    next_id: &Arc<AtomicI64>,
) -> f64 {
    let begun = Instant::now();
    let callers = (0..CALLERS).map(|_| {
        let (store, next_id) = (store.clone(), next_id.clone());
        tokio::spawn(async move {
            let mut created = 0_u32;
            while begun.elapsed() < ROUND {
                let id = next_id.fetch_add(1, Ordering::Relaxed);
                let outcomes = store.create_tickets(vec![ticket(shop, customer, id)]).await.unwrap();
                assert_eq!(outcomes, [CreateTicketOutcome::Created]);
                created += 1;
            }
            created
        })
    });
    let mut created = 0;
    for caller in callers.collect::<Vec<_>>() {
        created += caller.await.unwrap();
    }
    f64::from(created) / begun.elapsed().as_secs_f64()
}
