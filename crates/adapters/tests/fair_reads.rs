//! Fair reads on a store that holds every search until a test ends it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use hexdesk_adapters::FairReads;
use hexdesk_contract::async_trait;
use hexdesk_domain::{
    Page, PageSize, SearchPosition, SearchQuery, SearchStore, ShopId, StorageError, StorageErrorKind,
    TicketView,
};
use tokio::sync::Semaphore;

const WAITING: usize = 1024;
const WAITING_OF_A_SHOP: usize = 256;

type Found = Page<TicketView, SearchPosition>;
type Search = Pin<Box<dyn Future<Output = Result<Found, StorageError>> + Send>>;

#[derive(Clone)]
struct HeldSearches {
    begun: Arc<Mutex<Vec<i64>>>,
    ended: Arc<Semaphore>,
}

#[async_trait]
impl SearchStore for HeldSearches {
    async fn search_tickets(
        &self,
        shop: ShopId,
        _query: SearchQuery,
        _after: Option<SearchPosition>,
        _size: PageSize,
    ) -> Result<Found, StorageError> {
        self.begun.lock().unwrap().push(shop.get());
        self.ended.acquire().await.unwrap().forget();
        Ok(Page { entries: Vec::new(), next: None })
    }
}

struct Fixture {
    store: HeldSearches,
    reads: Arc<FairReads<HeldSearches>>,
}

impl Fixture {
    fn with_turns(turns: usize) -> Self {
        let store = HeldSearches { begun: Arc::default(), ended: Arc::new(Semaphore::new(0)) };
        Self { reads: Arc::new(FairReads::new(store.clone(), turns)), store }
    }

    /// A search of this shop, before its first poll.
    fn call(&self, shop: i64) -> Search {
        let reads = self.reads.clone();
        Box::pin(async move {
            let query = SearchQuery::parse("word").unwrap();
            reads.search_tickets(ShopId::new(shop).unwrap(), query, None, PageSize::of(1)).await
        })
    }

    /// Begins a search of this shop, which does not end.
    fn search(&self, shop: i64) -> Search {
        let mut search = self.call(shop);
        assert!(answer(&mut search).is_none(), "the search did not wait");
        search
    }

    fn searches(&self, shop: i64, number: usize) -> Vec<Search> {
        (0..number).map(|_| self.search(shop)).collect()
    }

    /// The shops of the searches that the store has begun, in order.
    fn begun(&self) -> Vec<i64> {
        self.store.begun.lock().unwrap().clone()
    }

    /// Lets the searches end one after another until none is left.
    fn end(&self, mut searches: Vec<Search>) {
        while !searches.is_empty() {
            self.store.ended.add_permits(1);
            let before = searches.len();
            searches.retain_mut(|search| answer(search).is_none());
            assert_eq!(searches.len(), before - 1);
            // The next search has its turn now, and begins.
            searches.retain_mut(|search| answer(search).is_none());
        }
    }
}

/// The result of a search; `None` while it waits.
fn answer(search: &mut Search) -> Option<Result<Found, StorageErrorKind>> {
    match search.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer.map_err(|error| error.kind)),
        Poll::Pending => None,
    }
}

fn is_refused(search: &mut Search) -> bool {
    matches!(answer(search), Some(Err(StorageErrorKind::Unavailable)))
}

#[test]
fn one_shop_leaves_a_turn_to_the_others() {
    let fixture = Fixture::with_turns(3);
    let mut searches = fixture.searches(1, 5);
    assert_eq!(fixture.begun(), [1, 1]);
    searches.push(fixture.search(2));
    assert_eq!(fixture.begun(), [1, 1, 2]);
    fixture.end(searches);
}

#[test]
fn shops_take_turns() {
    let fixture = Fixture::with_turns(2);
    let running = [fixture.search(1), fixture.search(2)];
    let mut searches = fixture.searches(1, 4);
    searches.extend(fixture.searches(2, 2));
    searches.extend(fixture.searches(3, 1));
    assert_eq!(fixture.begun(), [1, 2]);
    fixture.end(running.into_iter().chain(searches).collect());
    assert_eq!(fixture.begun().len(), 9);
    // A shop never has both turns, except the last one in the line.
    assert!(fixture.begun()[2..6].contains(&3), "{:?}", fixture.begun());
}

#[test]
fn a_store_with_one_turn_serves_every_shop() {
    let fixture = Fixture::with_turns(1);
    let mut searches = fixture.searches(1, 3);
    searches.extend(fixture.searches(2, 2));
    assert_eq!(fixture.begun(), [1]);
    fixture.end(searches);
    assert_eq!(fixture.begun(), [1, 1, 2, 1, 2]);
}

#[test]
fn a_search_that_nobody_waits_for_is_not_begun() {
    let fixture = Fixture::with_turns(2);
    let running = fixture.searches(1, 1);
    let abandoned = fixture.searches(1, 20);
    let waiting = fixture.search(1);
    drop(abandoned);
    fixture.end(running.into_iter().chain([waiting]).collect());
    assert_eq!(fixture.begun(), [1, 1]);
}

#[test]
fn a_running_search_that_is_dropped_gives_back_its_turn() {
    let fixture = Fixture::with_turns(2);
    let running = fixture.searches(1, 1);
    let mut waiting = fixture.search(1);
    drop(running);
    assert!(answer(&mut waiting).is_none());
    assert_eq!(fixture.begun(), [1, 1]);
    // A turn is given back as well if its caller is dropped before it has begun.
    let unaware = fixture.search(1);
    fixture.store.ended.add_permits(1);
    assert!(answer(&mut waiting).is_some());
    drop(unaware);
    fixture.end(fixture.searches(1, 1));
    assert_eq!(fixture.begun(), [1, 1, 1]);
}

#[test]
fn a_shop_with_too_many_waiting_searches_is_refused() {
    let fixture = Fixture::with_turns(2);
    let mut searches = fixture.searches(1, 1 + WAITING_OF_A_SHOP);
    assert!(is_refused(&mut fixture.call(1)));
    searches.push(fixture.search(2));
    assert_eq!(fixture.begun(), [1, 2]);
    // The line has a place again.
    drop(searches.remove(1));
    searches.push(fixture.search(1));
    fixture.end(searches);
}

#[test]
fn the_shop_with_the_most_waiting_searches_loses_its_newest() {
    let fixture = Fixture::with_turns(2);
    let mut searches = fixture.searches(9, 1);
    searches.extend(fixture.searches(8, 1));
    let mut newest = Vec::new();
    for shop in 1..=4 {
        let mut of_shop = fixture.searches(shop, WAITING / 4 - usize::from(shop > 1));
        newest.extend(of_shop.pop());
        searches.extend(of_shop);
    }
    searches.extend(fixture.searches(5, 3));
    assert!(!is_refused(&mut newest[0]));
    searches.extend(fixture.searches(5, 1));
    assert!(is_refused(&mut newest.remove(0)));
    searches.extend(newest);
    fixture.end(searches);
}
