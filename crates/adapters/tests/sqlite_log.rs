//! The size of the write-ahead log. A program of its own: its bound counts on reads that end soon.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]
#![allow(clippy::print_stdout, reason = "figures, shown with --nocapture")]

#[path = "sqlite/fixture.rs"]
#[allow(dead_code, reason = "it has more than is needed here")]
mod fixture;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use fixture::{Fixture, fixture_with, ticket};
use hexdesk_adapters::SqliteOptions;
use hexdesk_domain::{PageSize, SearchQuery, SearchStore, StorageErrorKind, TicketStore};
use tokio::task::JoinHandle;

const MIB: u64 = 1 << 20;

/// The size of the log.
fn log_of(fixture: &Fixture) -> u64 {
    fixture.directory.path().join("hexdesk.db-wal").metadata().unwrap().len()
}

/// Creates tickets with a message of 64 KiB each, without words to index. Returns how long that took.
async fn create_large_tickets(fixture: &Fixture, ids: Range<i64>) -> Duration {
    let large = |id| {
        let mut creation = ticket(fixture.shop, fixture.customer, id);
        creation.ticket.last_message = Some("-".repeat(65_536));
        creation
    };
    let started = Instant::now();
    fixture.storage.create_tickets(ids.map(large).collect()).await.unwrap();
    started.elapsed()
}

/// A database with this many tickets that a slow search finds.
async fn filled(options: &SqliteOptions, tickets: u32) -> Arc<Fixture> {
    let fixture = Arc::new(fixture_with(options).await);
    let fill = include_str!("sqlite/many_tickets.sql").replace("{tickets}", &tickets.to_string());
    let mut other = SqliteConnection::establish(fixture.path().to_str().unwrap()).unwrap();
    other.batch_execute(&fill).unwrap();
    other.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    fixture
}

/// Tasks that search without a pause.
struct Searches {
    stops: Arc<AtomicBool>,
    running: Vec<JoinHandle<(u32, u32)>>,
}

impl Searches {
    fn begin(fixture: &Arc<Fixture>, count: usize) -> Self {
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
        let running = (0..count).map(|_| tokio::spawn(search(fixture.clone(), stops.clone()))).collect();
        Self { stops, running }
    }

    async fn end(self) {
        self.stops.store(true, Ordering::Relaxed);
        for search in self.running {
            println!("searches served and ended: {:?}", search.await.unwrap());
        }
    }
}

#[tokio::test]
async fn overlapping_reads_do_not_make_the_log_grow() {
    let options = SqliteOptions { log_size: MIB, log_limit: 8 * MIB, ..SqliteOptions::default() };
    let fixture = filled(&options, 3_000).await;
    let searches = Searches::begin(&fixture, 3);
    let (mut largest, mut slowest) = (0, Duration::ZERO);
    for id in 20_000..20_200 {
        slowest = slowest.max(create_large_tickets(&fixture, id..id + 1).await);
        largest = largest.max(log_of(&fixture));
    }
    searches.end().await;
    println!("the log had at most {} MiB, the slowest write took {slowest:?}", largest / MIB);
    assert!(largest < 16 * MIB, "{largest}");
}

/// The figure of docs/reliability.md, with the default settings.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute, and fills the disk with some gigabytes"]
async fn overlapping_reads_keep_the_log_below_128_mib() {
    const TIME: Duration = Duration::from_secs(45);
    const BATCH: i64 = 16;
    let fixture = filled(&SqliteOptions::default(), 50_000).await;
    let searches = Searches::begin(&fixture, 8);
    let (mut largest, mut slowest, mut id) = (0, Duration::ZERO, 1_000_000);
    let begun = Instant::now();
    while begun.elapsed() < TIME {
        slowest = slowest.max(create_large_tickets(&fixture, id..id + BATCH).await);
        largest = largest.max(log_of(&fixture));
        id += BATCH;
    }
    let written = u64::try_from(id - 1_000_000).unwrap() * 65_536;
    searches.end().await;
    println!(
        "the log had at most {} MiB of {} written, the slowest write took {slowest:?}",
        largest / MIB,
        written / MIB
    );
    assert!(largest < 128 * MIB, "{largest}");
}
