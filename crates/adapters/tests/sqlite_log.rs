//! The size of the write-ahead log.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]
#![allow(clippy::print_stdout, reason = "figures, shown with --nocapture")]

#[allow(dead_code, reason = "it has more than is needed here")]
mod sqlite_fixture;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use hexdesk_adapters::SqliteOptions;
use hexdesk_domain::{PageSize, SearchQuery, SearchStore, StorageErrorKind, TicketStore};
use sqlite_fixture::{Fixture, fixture_with, ticket};

const MIB: u64 = 1 << 20;

/// The size of the log.
fn log_of(fixture: &Fixture) -> u64 {
    fixture.directory.path().join("hexdesk.db-wal").metadata().unwrap().len()
}

/// Creates a ticket with a message of 64 KiB. Returns how long that took.
async fn create_large_ticket(fixture: &Fixture, id: i64) -> Duration {
    let mut creation = ticket(fixture.shop, fixture.customer, id);
    creation.ticket.last_message = Some("a".repeat(65_536));
    let started = Instant::now();
    fixture.storage.create_tickets(vec![creation]).await.unwrap();
    started.elapsed()
}

#[tokio::test]
async fn overlapping_reads_do_not_make_the_log_grow() {
    let options = SqliteOptions { log_size: MIB, log_limit: 8 * MIB, ..SqliteOptions::default() };
    let fixture = Arc::new(fixture_with(&options).await);
    let fill = include_str!("sqlite_fixture/many_tickets.sql").replace("{tickets}", "3000");
    let mut other = SqliteConnection::establish(fixture.path().to_str().unwrap()).unwrap();
    other.batch_execute(&fill).unwrap();
    let stops = Arc::new(AtomicBool::new(false));
    let search = async |fixture: Arc<Fixture>, stops: Arc<AtomicBool>| {
        let (mut served, mut ended) = (0, 0);
        while !stops.load(Ordering::Relaxed) {
            let query = SearchQuery::parse("a* b* c* d* e* f* g* h*").unwrap();
            match fixture.storage.search_tickets(fixture.shop, query, None, PageSize::of(1)).await {
                Ok(_) => served += 1,
                Err(error) => {
                    assert_eq!(error.kind, StorageErrorKind::Unavailable, "{error}");
                    ended += 1;
                }
            }
        }
        (served, ended)
    };
    let searches: Vec<_> = (0..3).map(|_| tokio::spawn(search(fixture.clone(), stops.clone()))).collect();
    let (mut largest, mut slowest) = (0, Duration::ZERO);
    for id in 20_000..20_200 {
        slowest = slowest.max(create_large_ticket(&fixture, id).await);
        largest = largest.max(log_of(&fixture));
    }
    stops.store(true, Ordering::Relaxed);
    for search in searches {
        println!("searches served and ended: {:?}", search.await.unwrap());
    }
    println!("the log had at most {} MiB, the slowest write took {slowest:?}", largest / MIB);
    assert!(largest < 16 * MIB, "{largest}");
}
