//! Reads whose caller no longer waits.

#![allow(clippy::print_stdout, reason = "figures, shown with --nocapture")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::fixture::{Fixture, fixture_with};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use hexdesk_adapters::SqliteOptions;
use hexdesk_domain::{PageSize, SearchQuery, SearchStore, TicketFilter, TicketId, TicketStore};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The tickets of the shop. Set `TICKETS` for other figures.
const TICKETS: &str = "8000";

/// A storage with many tickets and one thread that reads.
async fn large_fixture() -> Fixture {
    let fixture = fixture_with(&SqliteOptions { readers: 1, ..SqliteOptions::default() }).await;
    let tickets = std::env::var("TICKETS").unwrap_or(TICKETS.to_owned());
    let fill = include_str!("many_tickets.sql").replace("{tickets}", &tickets);
    let mut other = SqliteConnection::establish(fixture.path().to_str().unwrap()).unwrap();
    other.batch_execute(&fill).unwrap();
    fixture
}

/// A read that examines every ticket.
#[derive(Debug, Clone, Copy)]
enum Expensive {
    Search,
    List,
    Count,
}

impl Expensive {
    async fn run(self, Fixture { storage, shop, .. }: &Fixture) {
        let filter = TicketFilter { tags: vec!["none".to_owned()], ..TicketFilter::default() };
        match self {
            Self::Search => {
                let query = SearchQuery::parse("a* b* c* d* e* f* g* h*").unwrap();
                let page = storage.search_tickets(*shop, query, None, PageSize::of(1)).await.unwrap();
                assert_eq!(page.entries.len(), 1);
            }
            Self::List => {
                let page = storage.list_tickets(*shop, filter, None, PageSize::of(1)).await.unwrap();
                assert_eq!(page.entries.len(), 0);
            }
            Self::Count => assert_eq!(storage.count_tickets(*shop, filter, u64::MAX).await.unwrap(), 0),
        }
    }
}

/// The time until a single read was served.
async fn time_of_next_read(fixture: &Fixture) -> Duration {
    let started = Instant::now();
    let found = fixture.storage.find_ticket(fixture.shop, TicketId::new(1).unwrap()).await.unwrap();
    assert!(found.is_some());
    started.elapsed()
}

#[tokio::test]
async fn an_abandoned_read_ends_soon() {
    const MOMENTS: u32 = 10;
    let fixture = large_fixture().await;
    for read in [Expensive::Search, Expensive::List, Expensive::Count] {
        let started = Instant::now();
        read.run(&fixture).await;
        let whole = started.elapsed();
        let (mut ended_after, mut left) = (Vec::new(), Duration::ZERO);
        for moment in 0..MOMENTS {
            let waits = whole * moment / MOMENTS;
            if timeout(waits, read.run(&fixture)).await.is_err() {
                ended_after.push(time_of_next_read(&fixture).await);
                left += whole - waits;
            }
        }
        let sum: Duration = ended_after.iter().sum();
        ended_after.sort();
        println!("{read:?}: {whole:?} if completed. Abandoned, it ended after {ended_after:?}");
        assert!(sum < left / 2, "{read:?}: {sum:?} instead of {left:?}");
    }
}

#[tokio::test]
async fn an_abandoned_read_that_waits_does_not_begin() {
    let fixture = Arc::new(large_fixture().await);
    let started = Instant::now();
    Expensive::Search.run(&fixture).await;
    let whole = started.elapsed();
    let mut searches = JoinSet::new();
    for _ in 0..30 {
        let fixture = fixture.clone();
        searches.spawn(async move { Expensive::Search.run(&fixture).await });
    }
    let _ = timeout(whole / 4, searches.join_next()).await;
    searches.shutdown().await;
    let waited = time_of_next_read(&fixture).await;
    assert!(waited < whole, "{waited:?} after 30 abandoned searches of {whole:?}");
}
